/** What is wrong with a text that is no YAML, in words of our own where the parser's speak to programmers. */
import type { YAMLParseError } from 'yaml'
import { visible } from '../core/visible.ts'
import { type ConfigProblem, type Place, shown } from './problem.ts'

const PATH = '(YAML)'
const ALLOWED = 'valid YAML'

/** @param source the rest of the line that the parser points at @param said its own message */
type Sentence = (source: string, said: string) => string

/** By the parser's codes. */
const SENTENCES: Partial<Record<YAMLParseError['code'], Sentence>> = {
  DUPLICATE_KEY: (source) => `the key ${keyIn(source)} appears twice here; keep one of the two`,
  TAB_AS_INDENT: () => 'a tab indents this line; use spaces',
  MULTIPLE_DOCS: () => 'a second document begins here (---); a config is a single one',
  BLOCK_AS_IMPLICIT_KEY: () => 'a key and a value begin inside a value; put quotes around a text with ": " in it',
  MULTILINE_IMPLICIT_KEY: () => 'this line has no ": " between a key and its value, or the line before is not finished',
  BAD_ALIAS: (source) => `${source} is YAML for a reference; put quotes around the value`,
  BAD_SCALAR_START: (source) => `a value cannot begin with ${source.charAt(0)}; put quotes around it`,
  BAD_INDENT: (_, said) => notClosed(said) ?? 'this line is indented more, or less, than the lines it belongs to',
  MISSING_CHAR: (_, said) => (/quote/.test(said) ? 'a text in quotes is never closed' : plainSentence(said)),
}

export function yamlProblem(error: YAMLParseError, text: string, placeOf: (start: number, end: number) => Place) {
  const [start, end] = error.pos
  const source = shown(text.slice(start).split('\n', 1)[0] ?? '')
  const [first = ''] = error.message.split('\n', 1)
  const said = first.replace(/ at line \d+, column \d+:?$/, '')
  const sentence = SENTENCES[error.code]?.(source, said) ?? plainSentence(said)
  const marked = error.code === 'DUPLICATE_KEY' ? start + keyIn(source).length : end
  return { ...placeOf(start, marked), ...described(sentence, said) }
}

const keyIn = (source: string) => source.replace(/\s*:.*$/, '')

/** For what only shows when aliases are resolved. */
export function aliasProblem(
  message: string,
  text: string,
  placeOf: (start: number, end: number) => Place,
): ConfigProblem {
  const [, name] = /^Unresolved alias .*: (.+)$/.exec(message) ?? []
  const alias = `*${name}`
  const start = name === undefined ? 0 : Math.max(0, text.indexOf(alias))
  const sentence =
    name === undefined
      ? plainSentence(message)
      : `"${alias}" refers to an anchor that nothing before it sets; put quotes around the value if it is a text`
  return { ...placeOf(start, start + alias.length), ...described(sentence, message) }
}

function described(message: string, found: string): Pick<ConfigProblem, 'path' | 'message' | 'found' | 'allowed'> {
  return { path: PATH, message: visible(message), found: shown(found), allowed: ALLOWED }
}

function notClosed(said: string): string | undefined {
  const [, bracket] = /end with a ([\]}])/.exec(said) ?? []
  return bracket && `a ${bracket === ']' ? 'list' : 'mapping'} is not closed before this line: ${bracket} is missing`
}

/** V8's message, which the parser passes on. */
const STACK_OVERFLOW = /^Maximum call stack size exceeded/

function plainSentence(message: string): string {
  if (STACK_OVERFLOW.test(message)) return 'lists and mappings are nested too deeply'
  return `this is not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
}

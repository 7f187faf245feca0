/**
 * Reads keepalived.conf as lines, processing comments, conditions, parameters and includes (keepalived.conf(5),
 * CONFIGURATION PARSER; lib/parser.c, read_line).
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Failure, messageOf } from '../../../platform/errors.ts'
import { filesBy } from './glob.ts'
import { type Definition, definitionIn, type Parameters, replacedIn, withoutContinuation } from './parameters.ts'
import { withoutComment, wordsOf } from './words.ts'

export type ConfLines = {
  readonly lines: readonly string[]
  /** What could not be read or parsed; settings that seem to be missing may be in there. */
  readonly doubts: readonly string[]
}

/** The location of a line, and its depth in includes and parameters. */
type Place = { readonly file: string; readonly at: string; readonly depth: number }

const MAX_DEPTH = 20
const INCLUDE = /^include[rmwba]?$/

/**
 * @param configId keepalived's `--config-id`, for conditional lines that start with `@`
 * @throws Failure if the file cannot be read
 */
export function readConfLines(path: string, configId: string): ConfLines {
  const lines: string[] = []
  const doubts: string[] = []
  const parameters: Parameters = new Map()

  function readFile(file: string, depth: number): void {
    let begun: (Definition & { lines: string[] }) | undefined
    for (const [index, raw] of readFileSync(file, 'utf8').split(/\r?\n/).entries()) {
      const line = withoutComment(raw)
      if (begun) {
        begun.lines.push(withoutContinuation(line))
        parameters.set(begun.name, begun.lines.filter(Boolean))
        if (!line.endsWith('\\')) begun = undefined
      } else {
        const definition = take(line, { file, at: `${file}:${index + 1}`, depth })
        if (definition?.continues) begun = { ...definition, lines: [definition.value] }
      }
    }
  }

  /** Processes a line; returns it if it is a parameter definition. */
  function take(line: string, place: Place): Definition | undefined {
    const meant = forId(line, configId)
    if (!meant) return undefined
    const definition = definitionIn(meant)
    if (definition) parameters.set(definition.name, [definition.value])
    else if (meant.startsWith('~')) doubts.push(`${place.at}: ${meant.split(/[ (]/, 1)[0]} is not supported`)
    else replace(meant, place)
    return definition
  }

  function replace(line: string, place: Place): void {
    const builtIn = { _PWD: [dirname(resolve(place.file))], _INSTANCE: [configId] }
    const replaced = replacedIn(line, new Map([...Object.entries(builtIn), ...parameters]))
    if (replaced.length === 1 && replaced[0] === line) {
      if (!include(line, place)) lines.push(line)
    } else if (place.depth >= MAX_DEPTH) doubts.push(`${place.at}: its parameters are nested too deeply`)
    else for (const each of replaced) take(each, { ...place, depth: place.depth + 1 })
  }

  function include(line: string, { file, at, depth }: Place): boolean {
    const [keyword = '', pattern, ...rest] = wordsOf(line)
    if (!INCLUDE.test(keyword) || pattern === undefined || rest.length > 0) return false
    if (depth >= MAX_DEPTH) {
      doubts.push(`${at}: its includes are nested too deeply`)
      return true
    }
    try {
      // As in keepalived, a pattern without matches includes nothing.
      for (const each of filesBy(pattern, dirname(resolve(file)))) readFile(each, depth + 1)
    } catch (error) {
      doubts.push(`${at}: ${messageOf(error)}`)
    }
    return true
  }

  try {
    readFile(path, 0)
  } catch (error) {
    throw new Failure('failed', `cannot read ${path}: ${messageOf(error)}`, { cause: error })
  }
  return { lines, doubts }
}

/** Strips `@id` or `@^id`; undefined if the line is for another id. */
function forId(line: string, configId: string): string | undefined {
  if (!line.startsWith('@')) return line
  const [, not, id, rest] = /^@(\^?)(\S*)\s+(.*)$/.exec(line) ?? []
  return (id === configId) !== (not === '^') ? rest : undefined
}

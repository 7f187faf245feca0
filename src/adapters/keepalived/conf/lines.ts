/**
 * keepalived.conf as lines: comments, conditions, parameters and includes done (keepalived.conf(5), CONFIGURATION PARSER;
 * lib/parser.c, read_line).
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Failure, messageOf } from '../../../platform/errors.ts'
import { filesBy } from './glob.ts'
import { type Definition, definitionIn, type Parameters, replacedIn, withoutContinuation } from './parameters.ts'
import { withoutComment, wordsOf } from './words.ts'

export type ConfLines = {
  readonly lines: readonly string[]
  /** What could not be read, or is not understood here. What seems to be missing may be in there. */
  readonly doubts: readonly string[]
}

/** Where a line is, and how deep in includes and parameters. */
type Place = { readonly file: string; readonly at: string; readonly depth: number }

const DEEPEST = 20
const INCLUDE = /^include[rmwba]?$/

/**
 * @param configId the `--config-id` of keepalived, which lines that begin with `@` are meant for
 * @throws Failure where the file cannot be read
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

  /** Returns the definition that the line is, if it is one. */
  function take(line: string, place: Place): Definition | undefined {
    const meant = forId(line, configId)
    if (!meant) return undefined
    const definition = definitionIn(meant)
    if (definition) parameters.set(definition.name, [definition.value])
    else if (meant.startsWith('~')) doubts.push(`${place.at}: ${meant.split(/[ (]/, 1)[0]} is not understood`)
    else replace(meant, place)
    return definition
  }

  function replace(line: string, place: Place): void {
    const builtIn = { _PWD: [dirname(resolve(place.file))], _INSTANCE: [configId] }
    const replaced = replacedIn(line, new Map([...Object.entries(builtIn), ...parameters]))
    if (replaced.length === 1 && replaced[0] === line) {
      if (!include(line, place)) lines.push(line)
    } else if (place.depth >= DEEPEST) doubts.push(`${place.at}: its parameters do not end`)
    else for (const each of replaced) take(each, { ...place, depth: place.depth + 1 })
  }

  function include(line: string, { file, at, depth }: Place): boolean {
    const [keyword = '', pattern, ...rest] = wordsOf(line)
    if (!INCLUDE.test(keyword) || pattern === undefined || rest.length > 0) return false
    if (depth >= DEEPEST) {
      doubts.push(`${at}: its files do not end`)
      return true
    }
    try {
      // A pattern that names no file includes none, to keepalived as well.
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

/** The line without its `@id` or `@^id`; undefined where it is meant for another. */
function forId(line: string, configId: string): string | undefined {
  if (!line.startsWith('@')) return line
  const [, not, id, rest] = /^@(\^?)(\S*)\s+(.*)$/.exec(line) ?? []
  return (id === configId) !== (not === '^') ? rest : undefined
}

/**
 * Reads keepalived.conf as lines, processing comments, conditions, parameters, sequences and includes (keepalived.conf(5),
 * CONFIGURATION PARSER; lib/parser.c, read_line).
 */
import { readFileSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure, messageOf } from '../../../platform/errors.ts'
import { compareVersions } from '../version.ts'
import { filesBy } from './glob.ts'
import { type Definition, definitionIn, type Parameters, replacedIn, withoutContinuation } from './parameters.ts'
import { repetitionIn } from './sequences.ts'
import { withoutComment } from './words.ts'

export type ConfLines = {
  /** Each brace is a line of its own. */
  readonly lines: readonly string[]
  /** What could not be read or parsed; settings that seem to be missing may be in there. */
  readonly doubts: readonly string[]
}

/** What the meaning of the file depends on. */
export type Reader = {
  /** keepalived's `--config-id`, for conditional lines that start with `@`. */
  readonly configId: string
  /** keepalived's version, which changes some rules; assumed to be 2.2 or 2.3 if unknown. */
  readonly version?: readonly number[] | undefined
}

/** The location of a line, and its depth in includes, parameters and sequences. */
type Place = { readonly directory: string; readonly at: string; readonly depth: number }

const MAX_DEPTH = 20
/** More than any host's; a sequence may multiply without end. */
const MOST_LINES = 100_000
const INCLUDE = /^include[rmwba]?\s+(.*)$/s
/** Up to a brace outside double quotes, or the brace itself. */
const PART = /^(?:[{}]|(?:"[^"]*"|[^{}"])+(?:"[^"]*$)?|"[^"]*$)/s
/** A parameter that stayed, outside double quotes: keepalived takes its braces for those of a block. */
const UNDEFINED = /^(?:"[^"]*"|[^"])*?(\$\{[^}]*\})/s
/** Built-in parameters that only keepalived knows. */
const HIDDEN = /\$\{?(_RANDOM|_ENV)\b/

/** @throws Failure if the file cannot be read */
export function readConfLines(path: string, { configId, version }: Reader): ConfLines {
  const isBefore24 = version === undefined || compareVersions(version, [2, 4]) < 0
  const lines: string[] = []
  const doubts: string[] = []
  const parameters: Parameters = new Map()
  /** Included files still to be read: the last one first, and only after the rest of the line that includes them. */
  const included: { readonly paths: readonly string[]; readonly place: Place }[] = []

  /** A multi-line parameter whose lines are being read. */
  let begun: (Definition & { readonly lines: string[] }) | undefined

  function readFile(file: string, depth: number): void {
    const before = included.length
    const directory = dirname(realpathSync(file))
    for (const [index, raw] of readFileSync(file, 'utf8').split(/\r?\n/).entries()) {
      const line = bare(raw)
      if (line === '') begun = undefined
      else readLine(line, { directory, at: `${file}:${index + 1}`, depth })
      while (included.length > before) included.splice(-1).forEach(readIncluded)
    }
  }

  function readLine(line: string, place: Place): void {
    if (!begun) {
      const definition = take(line, place)
      begun = definition?.continues ? { ...definition, lines: [definition.value] } : undefined
      return
    }
    begun.lines.push(withoutContinuation(line))
    parameters.set(begun.name, begun.lines.filter(Boolean))
    if (!line.endsWith('\\')) begun = undefined
  }

  /** keepalived's VRRP process reads a copy without comments, and strips what looks like one again. */
  function bare(raw: string): string {
    return withoutComment(withoutComment(raw, isBefore24), isBefore24)
  }

  function readIncluded({ paths, place }: (typeof included)[number]): void {
    for (const path of paths) {
      try {
        readFile(path, place.depth + 1)
      } catch (error) {
        doubts.push(`${place.at}: ${messageOf(error)}`)
      }
    }
  }

  /** Processes a line; returns it if it is a parameter definition. */
  function take(line: string, place: Place): Definition | undefined {
    const meant = forId(line, configId)
    if (!meant) return undefined
    const definition = definitionIn(meant)
    if (definition) {
      parameters.set(definition.name, [definition.value])
      return definition
    }
    if (place.depth >= MAX_DEPTH || lines.length > MOST_LINES) {
      doubts.push(`${place.at}: it is nested too deeply`)
      return undefined
    }
    if (/^~(?:SEQ|LST)/.test(meant)) repeat(meant, place)
    else if (meant.includes('$') && !meant.startsWith('~')) replace(meant, place)
    else use(meant, place)
    return undefined
  }

  function repeat(line: string, place: Place): void {
    const repetition = repetitionIn(line, (bounds) => replaced(bounds, place).text)
    if (!repetition) {
      doubts.push(`${place.at}: ${line.slice(0, 4)} cannot be understood`)
      return
    }
    for (const values of repetition.rounds) {
      for (const [name, value] of values) parameters.set(name, [value])
      take(repetition.text, within(place))
    }
  }

  function replace(line: string, place: Place): void {
    const { text, more, isEndless } = replaced(line, place)
    if (isEndless) {
      doubts.push(`${place.at}: its parameters are nested too deeply`)
      return
    }
    const [, hidden] = HIDDEN.exec(text) ?? []
    if (hidden) doubts.push(`${place.at}: only keepalived knows ${hidden}`)
    const changed = withoutComment(text, isBefore24)
    if (text === line || !(/^[@~]/.test(changed) || definitionIn(changed))) use(changed, place)
    else if (isBefore24 && (!changed.startsWith('@') || changed.length <= line.length)) take(changed, within(place))
    // Since 2.4, it takes it literally; before, it garbles a line that has become longer (read_line, len).
    else doubts.push(`${place.at}: keepalived does not understand ${changed.split(/\s/, 1)[0]} from a parameter`)
    for (const each of more) take(each, within(place))
  }

  function replaced(line: string, { directory }: Place) {
    const builtIn = { _PWD: [directory], _INSTANCE: [configId], _HASH: ['#'], _BANG: ['!'] }
    return replacedIn(line, new Map([...Object.entries(builtIn), ...parameters]))
  }

  /** Uses a line in which everything is replaced. What follows a brace is processed like a line of its own. */
  function use(line: string, place: Place): void {
    const [, pattern] = INCLUDE.exec(line) ?? []
    if (pattern !== undefined) {
      include(pattern, place)
      return
    }
    const [, undefinedParameter] = UNDEFINED.exec(line) ?? []
    if (undefinedParameter) {
      if (!HIDDEN.test(undefinedParameter)) doubts.push(`${place.at}: ${undefinedParameter} has no value`)
      lines.push(line)
      return
    }
    const [part = line] = PART.exec(line) ?? []
    if (part.trim()) lines.push(part.trim())
    const rest = line.slice(part.length).trim()
    if (rest) take(rest, place)
  }

  function include(pattern: string, place: Place): void {
    if (place.depth + 1 >= MAX_DEPTH) {
      doubts.push(`${place.at}: its includes are nested too deeply`)
      return
    }
    try {
      // As in keepalived, a pattern without matches includes nothing.
      included.push({ paths: filesBy(pattern, place.directory), place })
    } catch (error) {
      doubts.push(`${place.at}: ${messageOf(error)}`)
    }
  }

  try {
    readFile(path, 0)
  } catch (error) {
    throw new Failure('failed', `cannot read ${path}: ${messageOf(error)}`, { cause: error })
  }
  return { lines, doubts }
}

const within = (place: Place): Place => ({ ...place, depth: place.depth + 1 })

/** Strips `@id` or `@^id`; undefined if the line is for another id. */
function forId(line: string, configId: string): string | undefined {
  if (!line.startsWith('@')) return line
  const [, not, id, rest] = /^@(\^?)(\S*)\s+(.*)$/s.exec(line) ?? []
  return (id === configId) !== (not === '^') ? rest : undefined
}

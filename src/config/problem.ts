/** What is wrong in a config file, as sentences for people, with the place. */
import { LineCounter } from 'yaml'
import { cut, visible } from '../core/visible.ts'
import { type Excerpt, Failure } from '../platform/errors.ts'
import { INSTANCE_NAME } from './schema.ts'

export type ConfigProblem = {
  readonly line: number
  /** From 1; where only the line is known, 1. */
  readonly column: number
  /** Of the setting, such as `instances.VI_1.vips[0]`. */
  readonly path: string
  /** A sentence without the line: what is wrong, what is allowed, and what may have been meant. */
  readonly message: string
  /** Its parts, for programs. */
  readonly found: string
  readonly allowed: string
  readonly excerpt: Excerpt | undefined
}

/** Characters shown of a value or key, and of a line before and after what is marked. */
const MAX_SHOWN = 80
const MAX_BEFORE = 40
/** A longer list or mapping says less than its place. */
const MAX_COLLECTION = 40
/** For a sentence about no setting in particular. */
export const WHOLE_FILE = '(whole file)'

/** A place in a text. */
export type Place = Pick<ConfigProblem, 'line' | 'column' | 'excerpt'>

/** @returns the place of a range of offsets; it is marked as far as it is on its first line */
export function placesIn(text: string): (start: number, end: number) => Place {
  const counter = new LineCounter()
  for (let at = -1; ; ) {
    counter.addNewLine(at + 1)
    at = text.indexOf('\n', at + 1)
    if (at < 0) break
  }
  return (start, end) => {
    const { line, col } = counter.linePos(start)
    const begin = start - col + 1
    const lineEnd = text.indexOf('\n', start)
    const ending = lineEnd < 0 ? text.length : lineEnd
    const marked = text.slice(start, Math.min(end, ending)).trimEnd()
    const excerpt = {
      line,
      before: lastOf(text.slice(begin, start)),
      marked: cut(marked, MAX_SHOWN),
      after: cut(text.slice(start + marked.length, ending), MAX_SHOWN),
    }
    return { line, column: col, excerpt }
  }
}

function lastOf(text: string): string {
  return text.length <= MAX_BEFORE ? text : `…${text.slice(-MAX_BEFORE)}`
}

/** A place known by its line alone. */
export const onLine = (line: number): Place => ({ line, column: 1, excerpt: undefined })

/**
 * Says what a setting is and what it must be.
 * @param found its value; undefined: it is missing
 * @param demand begins with "must"; else it is what the setting must be
 */
export function misfit(
  path: readonly PropertyKey[],
  found: unknown,
  demand: string,
): Pick<ConfigProblem, 'path' | 'message' | 'found' | 'allowed'> {
  const must = /^must\b/.test(demand) ? demand : `must be ${demand}`
  const name = path.length === 0 ? 'the file' : pathText(path)
  return {
    path: pathText(path),
    message: `${name} ${factText(found)}${must}`,
    found: found === undefined ? 'nothing' : quoted(found),
    allowed: must.replace(/^must (?:be |have )?/, ''),
  }
}

function factText(found: unknown): string {
  if (found === undefined) return 'is missing; it '
  if (found === null) return 'is empty; it '
  const text = quoted(found)
  const isShort = typeof found !== 'object' || text.length <= MAX_COLLECTION
  return isShort ? `is ${text}, but ` : ''
}

export function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return WHOLE_FILE
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const name = INSTANCE_NAME.test(String(key)) ? String(key) : quoted(key)
    return text === '' ? name : `${text}.${name}`
  }, '')
}

/** The value as JSON, truncated. */
export function quoted(value: unknown): string {
  return shown(JSON.stringify(value) ?? String(value))
}

export function shown(text: string): string {
  return visible(cut(text, MAX_SHOWN))
}

/** @param path of the file */
export function configFailure(path: string, problems: readonly ConfigProblem[]): Failure {
  const [first] = problems
  const more = problems.length - 1
  const rest = more > 0 ? ` (and ${more} more: vip-switch config check)` : ''
  const count = problems.length === 1 ? '1 error' : `${problems.length} errors`
  return new Failure('config', `${path}, line ${first?.line}: ${first?.message}${rest}`, {
    lines: [
      `${count} in ${path}`,
      ...problems.flatMap(({ line, path: of, message, excerpt }) => [
        of === WHOLE_FILE && !excerpt ? `  ${message}` : `  line ${line}: ${message}`,
        ...(excerpt ? [excerpt] : []),
      ]),
    ],
  })
}

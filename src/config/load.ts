/** Reads and validates the config file, reporting every error with its line. */
import { existsSync } from 'node:fs'
import { type Document, LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { rangeAround } from '../core/route.ts'
import { type Destination, destinationText } from '../core/vip.ts'
import { cut, visible } from '../core/visible.ts'
import { Failure, messageOf } from '../platform/errors.ts'
import { plainControlPath, readConfig } from './file.ts'
import { assertHooksAreSafe } from './hook-safety.ts'
import { inRegion } from './in-region.ts'
import { configPath, DEFAULT_CONFIG_PATH, DEFAULT_CONTROL_PATH } from './paths.ts'
import { type Config, configSchema, INSTANCE_NAME } from './schema.ts'

/** One error in the file: where, what was found, and what is allowed. */
export type ConfigProblem = { line: number; path: string; found: string; allowed: string }

/**
 * @param region overrides the file's
 * @throws Failure of kind `config`, listing every problem in the file
 */
export function loadConfig(path: string, region?: string): Config {
  return inRegion(validConfig(path, readConfig(path)), region)
}

/**
 * @param path the file that `text` was read from
 * @throws Failure of kind `config`, also if another user could change the hooks that root runs
 */
export function validConfig(path: string, text: string): Config {
  const result = parseConfig(text)
  if (Array.isArray(result)) throw configFailure(path, result)
  assertHooksAreSafe(path, result)
  return result
}

export function configFailure(path: string, problems: readonly ConfigProblem[]): Failure {
  return new Failure('config', problemLines(path, problems))
}

/** The config, if requested or in its default place. @throws Failure as loadConfig */
export function loadConfigIfThere(option: string | undefined, region?: string): Config | undefined {
  const path = configPath(option)
  return path === DEFAULT_CONFIG_PATH && !existsSync(path) ? undefined : loadConfig(path, region)
}

/** The daemon's control socket; the default if the config is invalid. */
export function controlPath(path: string): string {
  const plain = plainControlPath(path)
  if (plain !== undefined) return plain
  const config = parseConfig(readConfig(path))
  return Array.isArray(config) ? DEFAULT_CONTROL_PATH : config.control
}

/** Problems reported individually; the rest are usually similar. */
const MAX_PROBLEMS = 20
/** Characters shown of a value or key. */
const MAX_SHOWN = 80

/** V8's message, which the parser passes on. */
const STACK_OVERFLOW = /^Maximum call stack size exceeded/

/** Parses YAML into a config, or returns every problem, ordered by line. */
export function parseConfig(text: string): Config | ConfigProblem[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const invalid = (line: number, found: string) => ({
    line,
    path: '(YAML)',
    found: shown(found),
    allowed: 'valid YAML',
  })
  if (document.errors.length > 0) {
    return limited(document.errors, (error) => {
      const [first = ''] = error.message.replace(STACK_OVERFLOW, 'nested too deeply').split('\n', 1)
      return [invalid(lines.linePos(error.pos[0]).line, first.replace(/ at line \d+, column \d+:?$/, ''))]
    })
  }
  let value: unknown
  try {
    value = document.toJS()
  } catch (error) {
    // Unresolved or excessive aliases only show when the document is resolved.
    return [invalid(1, messageOf(error))]
  }
  const result = configSchema.safeParse(value)
  if (result.success) return result.data
  return limited(result.error.issues, (issue) => problemsOf(issue, value, (path) => lineIn(document, lines, path)))
}

/** The line of the value at this path, or of its nearest ancestor. */
function lineIn(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const range = rangeOf(document.getIn(path.slice(0, length), true))
    if (range !== undefined) return lines.linePos(range).line
  }
  return 1
}

/** The config's VIPs that are inside its VPC. @param text that the config was parsed from */
export function vipsInVpc(text: string, config: Config, ranges: readonly Destination[]): ConfigProblem[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  return Object.entries(config.instances).flatMap(([name, { vips }]) =>
    vips.flatMap((vip, index) => {
      const range = rangeAround(vip, ranges)
      if (!range) return []
      const path = ['instances', name, 'vips', index]
      const found = `${destinationText(vip)}, inside the VPC's own ${destinationText(range)}`
      const allowed = 'an address outside every CIDR of the VPC'
      return [{ line: lineIn(document, lines, path), path: pathText(path), found, allowed }]
    }),
  )
}

/** Problems of the first few items, ordered by line, and the number of further items. */
function limited<Item>(items: readonly Item[], problemsIn: (item: Item) => ConfigProblem[]): ConfigProblem[] {
  const problems = items.slice(0, MAX_PROBLEMS).flatMap(problemsIn)
  problems.sort((a, b) => a.line - b.line)
  const more = items.length - MAX_PROBLEMS
  return more > 0
    ? [...problems, { line: 1, path: '(whole file)', found: `${more} more errors`, allowed: 'none' }]
    : problems
}

function problemsOf(
  issue: z.core.$ZodIssue,
  value: unknown,
  lineOf: (path: readonly PropertyKey[]) => number,
): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const advice = issue.message.split('\n')
    return issue.keys.slice(0, MAX_PROBLEMS).map((key, index) => ({
      line: lineOf([...issue.path, key]),
      path: pathText([...issue.path, key]),
      found: 'an unknown key',
      allowed: advice[index] ?? '',
    }))
  }
  const problem = { line: lineOf(issue.path), path: pathText(issue.path), allowed: issue.message }
  if (issue.code === 'invalid_key') return [{ ...problem, found: `the name ${quoted(issue.path.at(-1))}` }]
  const found = issue.path.reduce<unknown>((node, key) => Reflect.get(Object(node), key), value)
  return [{ ...problem, found: found === undefined ? 'nothing' : quoted(found) }]
}

function rangeOf(node: unknown): number | undefined {
  const range: unknown = Reflect.get(Object(node), 'range')
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(whole file)'
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const name = INSTANCE_NAME.test(String(key)) ? String(key) : quoted(key)
    return text === '' ? name : `${text}.${name}`
  }, '')
}

/** The value as JSON, truncated. */
function quoted(value: unknown): string {
  return shown(JSON.stringify(value) ?? String(value))
}

function shown(text: string): string {
  return visible(cut(text, MAX_SHOWN))
}

function problemLines(path: string, problems: readonly ConfigProblem[]): string[] {
  const count = problems.length === 1 ? '1 error' : `${problems.length} errors`
  const each = problems.flatMap(({ line, path: field, found, allowed }) => [
    `  ${path}:${line}: ${field}`,
    `      found ${found}; allowed: ${allowed}`,
  ])
  return [`${count} in the config`, ...each]
}

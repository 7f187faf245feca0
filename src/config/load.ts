/** Reads and validates the config file; every error at once, each with its line. */
import { existsSync } from 'node:fs'
import { type Document, LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { rangeAround } from '../core/route.ts'
import { type Destination, destinationText } from '../core/vip.ts'
import { cut, visible } from '../core/visible.ts'
import { Failure, messageOf } from '../platform/errors.ts'
import { plainControlPath, readConfig } from './file.ts'
import { assertHooksAreSafe } from './hook-safety.ts'
import { configPath, DEFAULT_CONFIG_PATH, DEFAULT_CONTROL_PATH } from './paths.ts'
import { type Config, configSchema, INSTANCE_NAME } from './schema.ts'

/** One thing that is wrong in the file: where, what was found, and what is allowed. */
export type ConfigProblem = { line: number; path: string; found: string; allowed: string }

/** @throws Failure of kind `config`, listing every problem of the file */
export function loadConfig(path: string): Config {
  return validConfig(path, readConfig(path))
}

/** @param path of which `text` was read. @throws Failure of kind `config`, also if another user could change the hooks that root runs */
export function validConfig(path: string, text: string): Config {
  const result = parseConfig(text)
  if (Array.isArray(result)) throw configFailure(path, result)
  assertHooksAreSafe(path, result)
  return result
}

export function configFailure(path: string, problems: readonly ConfigProblem[]): Failure {
  return new Failure('config', problemLines(path, problems))
}

/** The config, where one was asked for or is in its default place. @throws Failure as loadConfig */
export function loadConfigIfThere(option: string | undefined): Config | undefined {
  const path = configPath(option)
  return path === DEFAULT_CONFIG_PATH && !existsSync(path) ? undefined : loadConfig(path)
}

/** The socket of the config's daemon; the default one where the config is wrong. */
export function controlPath(path: string): string {
  const plain = plainControlPath(path)
  if (plain !== undefined) return plain
  const config = parseConfig(readConfig(path))
  return Array.isArray(config) ? DEFAULT_CONTROL_PATH : config.control
}

/** How many problems are told one by one: who sees these sees what is wrong with the others. */
const MOST_PROBLEMS = 20
/** Characters of a value or a key that are shown. */
const MOST_SHOWN = 80

/** V8's own words, which the parser passes on. */
const STACK_OVERFLOW = /^Maximum call stack size exceeded/

/** The config in `text` (YAML), or everything that is wrong with it, in the order of its lines. */
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
    // An alias without its anchor shows only when the document is resolved, as do more aliases than anybody writes.
    return [invalid(1, messageOf(error))]
  }
  const result = configSchema.safeParse(value)
  if (result.success) return result.data
  return limited(result.error.issues, (issue) => problemsOf(issue, value, (path) => lineIn(document, lines, path)))
}

/** The line of what is at this path, or would be. */
function lineIn(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const range = rangeOf(document.getIn(path.slice(0, length), true))
    if (range !== undefined) return lines.linePos(range).line
  }
  return 1
}

/** The VIPs of a config that are addresses of its VPC. @param text of which the config was parsed */
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

/** The problems of the first few items, by their lines, and how many more items there are. */
function limited<Item>(items: readonly Item[], problemsIn: (item: Item) => ConfigProblem[]): ConfigProblem[] {
  const problems = items.slice(0, MOST_PROBLEMS).flatMap(problemsIn)
  problems.sort((a, b) => a.line - b.line)
  const more = items.length - MOST_PROBLEMS
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
    return issue.keys.slice(0, MOST_PROBLEMS).map((key, index) => ({
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

/** As JSON has it, as far as there is room. */
function quoted(value: unknown): string {
  return shown(JSON.stringify(value) ?? String(value))
}

function shown(text: string): string {
  return visible(cut(text, MOST_SHOWN))
}

function problemLines(path: string, problems: readonly ConfigProblem[]): string[] {
  const count = problems.length === 1 ? '1 error' : `${problems.length} errors`
  const each = problems.flatMap(({ line, path: field, found, allowed }) => [
    `  ${path}:${line}: ${field}`,
    `      found ${found}; allowed: ${allowed}`,
  ])
  return [`${count} in the config`, ...each]
}

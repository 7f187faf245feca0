/** Reads and validates the config file; every error at once, each with its line. */
import { existsSync } from 'node:fs'
import { LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { Failure, messageOf } from '../errors.ts'
import { plainControlPath, readConfig } from './file.ts'
import { configPath, DEFAULT_CONFIG_PATH, DEFAULT_CONTROL_PATH } from './paths.ts'
import { type Config, configSchema } from './schema.ts'

/** One thing that is wrong in the file: where, what was found, and what is allowed. */
export type ConfigProblem = { line: number; path: string; found: string; allowed: string }

/** @throws Failure of kind `config`, listing every problem of the file */
export function loadConfig(path: string): Config {
  return validConfig(path, readConfig(path))
}

/** @param path of which `text` was read */
export function validConfig(path: string, text: string): Config {
  const result = parseConfig(text)
  if (Array.isArray(result)) throw new Failure('config', problemText(path, result))
  return result
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

/** The config in `text` (YAML), or everything that is wrong with it, in the order of its lines. */
export function parseConfig(text: string): Config | ConfigProblem[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  if (document.errors.length > 0) {
    return document.errors.map((error) => ({
      line: lines.linePos(error.pos[0]).line,
      path: '(YAML)',
      found: error.message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.code,
      allowed: 'valid YAML',
    }))
  }
  let value: unknown
  try {
    value = document.toJS()
  } catch (error) {
    // An alias without its anchor shows only when the document is resolved.
    return [{ line: 1, path: '(YAML)', found: messageOf(error), allowed: 'valid YAML' }]
  }
  const result = configSchema.safeParse(value)
  if (result.success) return result.data

  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true)
      const range = rangeOf(node)
      if (range !== undefined) return lines.linePos(range).line
    }
    return 1
  }
  return result.error.issues.flatMap((issue) => problemsOf(issue, value, lineOf)).sort((a, b) => a.line - b.line)
}

function problemsOf(
  issue: z.core.$ZodIssue,
  value: unknown,
  lineOf: (path: readonly PropertyKey[]) => number,
): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const advice = issue.message.split('\n')
    return issue.keys.map((key, index) => ({
      line: lineOf([...issue.path, key]),
      path: pathText([...issue.path, key]),
      found: 'an unknown key',
      allowed: advice[index]?.slice(key.length + 2) ?? '',
    }))
  }
  const found = issue.path.reduce<unknown>((node, key) => Reflect.get(Object(node), key), value)
  return [
    {
      line: lineOf(issue.path),
      path: pathText(issue.path),
      found: found === undefined ? 'nothing' : JSON.stringify(found),
      allowed: issue.message,
    },
  ]
}

function rangeOf(node: unknown): number | undefined {
  const range: unknown = Reflect.get(Object(node), 'range')
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(whole file)'
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  )
}

function problemText(path: string, problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? '1 error' : `${problems.length} errors`
  const each = problems.map(
    ({ line, path: field, found, allowed }) => `  ${path}:${line}: ${field}\n      found ${found}; allowed: ${allowed}`,
  )
  return [`${count} in the config`, ...each].join('\n')
}

/** Reads and validates the config file, reporting every error with its place. */
import { existsSync } from 'node:fs'
import { type Document, isMap, type Node, parseDocument } from 'yaml'
import type * as z from 'zod'
import { rangeAround } from '../core/route.ts'
import { type Destination, destinationText } from '../core/vip.ts'
import { messageOf } from '../platform/errors.ts'
import { plainControlPath, readConfig } from './file.ts'
import { assertHooksAreSafe } from './hook-safety.ts'
import { inRegion } from './in-region.ts'
import { configPath, DEFAULT_CONFIG_PATH, DEFAULT_CONTROL_PATH } from './paths.ts'
import {
  type ConfigProblem,
  configFailure,
  misfit,
  onLine,
  type Place,
  pathText,
  placesIn,
  quoted,
  WHOLE_FILE,
} from './problem.ts'
import { type Config, configSchema } from './schema.ts'
import { aliasProblem, yamlProblem } from './yaml-problem.ts'

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

/** Parses YAML into a config, or returns every problem, ordered by line. */
export function parseConfig(text: string): Config | ConfigProblem[] {
  // Its warnings would go to stderr.
  const document = parseDocument(text, { logLevel: 'error' })
  const placeOf = placesIn(text)
  if (document.errors.length > 0) return limited(document.errors, (error) => [yamlProblem(error, text, placeOf)])
  let value: unknown
  try {
    value = document.toJS()
  } catch (error) {
    // Unresolved or excessive aliases only show when the document is resolved.
    return [aliasProblem(messageOf(error), text, placeOf)]
  }
  const result = configSchema.safeParse(value)
  if (result.success) return result.data
  return limited(result.error.issues, (issue) => problemsOf(issue, value, document, placeOf))
}

/** The config's VIPs that are inside its VPC. @param text that the config was parsed from */
export function vipsInVpc(text: string, config: Config, ranges: readonly Destination[]): ConfigProblem[] {
  const document = parseDocument(text)
  const placeOf = placesIn(text)
  return Object.entries(config.instances).flatMap(([name, { vips }]) =>
    vips.flatMap((vip, index) => {
      const range = rangeAround(vip, ranges)
      if (!range) return []
      const path = ['instances', name, 'vips', index]
      const found = `${destinationText(vip)}, inside the VPC's own ${destinationText(range)}`
      const allowed = 'an address outside every CIDR of the VPC'
      const message = `${pathText(path)} is ${found}, but must be ${allowed}`
      return [{ ...placeAt(document, path, placeOf), path: pathText(path), message, found, allowed }]
    }),
  )
}

/** Problems of the first few items, ordered by line, and the number of further items. */
function limited<Item>(items: readonly Item[], problemsIn: (item: Item) => ConfigProblem[]): ConfigProblem[] {
  const found = items.slice(0, MAX_PROBLEMS).flatMap(problemsIn)
  const each = new Map(found.map((problem) => [`${problem.line} ${problem.message}`, problem]))
  const problems = [...each.values()].sort((a, b) => a.line - b.line || a.column - b.column)
  const more = items.length - MAX_PROBLEMS
  if (more <= 0) return problems
  const rest = `${more} more errors`
  return [...problems, { ...onLine(1), path: WHOLE_FILE, message: `there are ${rest}`, found: rest, allowed: 'none' }]
}

function problemsOf(
  issue: z.core.$ZodIssue,
  value: unknown,
  document: Document,
  placeOf: (start: number, end: number) => Place,
): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const advice = issue.message.split('\n')
    return issue.keys.slice(0, MAX_PROBLEMS).map((key, index) => {
      const within = issue.path.length === 0 ? '' : `${pathText(issue.path)}: `
      const allowed = advice[index] ?? ''
      return {
        ...placeOfKey(document, [...issue.path, key], placeOf),
        path: pathText([...issue.path, key]),
        message: `${within}unknown key ${quoted(key)}; ${allowed}`,
        found: 'an unknown key',
        allowed,
      }
    })
  }
  if (issue.code === 'invalid_key') {
    const name = quoted(issue.path.at(-1))
    const message = `${pathText(issue.path.slice(0, -1))} has the name ${name}, which must be ${issue.message}`
    const place = placeOfKey(document, issue.path, placeOf)
    return [{ ...place, path: pathText(issue.path), message, found: `the name ${name}`, allowed: issue.message }]
  }
  const found = issue.path.reduce<unknown>((node, key) => Reflect.get(Object(node), key), value)
  const place = placeAt(document, issue.path, placeOf)
  return [{ ...(found === undefined ? onLine(place.line) : place), ...misfit(issue.path, found, issue.message) }]
}

/** The place of the value at this path, or of its nearest ancestor. */
function placeAt(
  document: Document,
  path: readonly PropertyKey[],
  placeOf: (start: number, end: number) => Place,
): Place {
  for (let length = path.length; length >= 0; length--) {
    const range = rangeOf(document.getIn(path.slice(0, length), true))
    if (range) return placeOf(...range)
  }
  return onLine(1)
}

function placeOfKey(
  document: Document,
  path: readonly PropertyKey[],
  placeOf: (start: number, end: number) => Place,
): Place {
  const parent = document.getIn(path.slice(0, -1), true)
  const pair = isMap(parent) ? parent.items.find(({ key }) => String(key).trim() === String(path.at(-1))) : undefined
  const range = rangeOf(pair?.key)
  return range ? placeOf(...range) : placeAt(document, path, placeOf)
}

/** Where the node begins and its value ends. */
function rangeOf(node: unknown): [start: number, end: number] | undefined {
  const { range }: Partial<Pick<Node, 'range'>> = Object(node)
  return range ? [range[0], range[1]] : undefined
}

/** The config as it takes effect: what the file says and what it leaves out, in the words of the file. */
import { parse } from 'yaml'
import type * as z from 'zod'
import { claimTtlOf } from './claim-ttl.ts'
import { durationText } from './duration.ts'
import { type Config, configJsonSchema } from './schema.ts'

/**
 * One key of the config.
 * - `section`: a mapping, and what is in it
 * - `value`: what is in effect, and whether the file says so or it is a default
 * - `unset`: neither; `meaning` says what happens then
 */
export type Setting = { readonly key: string } & (
  | { readonly kind: 'section'; readonly settings: readonly Setting[] }
  | { readonly kind: 'value'; readonly value: unknown; readonly isDefault: boolean }
  | { readonly kind: 'unset'; readonly meaning: string }
)

type JsonSchema = z.core.JSONSchema.BaseSchema

/** Defaults that follow from other values, by the path of their key. */
const DERIVED: Readonly<Record<string, (config: Config) => string>> = {
  'witness.ttl': (config) => durationText(claimTtlOf(config)),
}

/**
 * Every setting of a file, in the order of the schema. The file's own words are kept (`5s`, not milliseconds), so that what
 * is shown can be written in the file.
 * @param text of the file
 * @param config what it was parsed to
 */
export function effectiveSettings(text: string, config: Config): Setting[] {
  return settingsOf(configJsonSchema(), parse(text), [], config)
}

function settingsOf(schema: JsonSchema, given: unknown, path: readonly string[], config: Config): Setting[] {
  const { properties, additionalProperties: rest } = schema
  const entries = properties
    ? Object.entries(properties)
    : Object.keys(Object(given)).map((key): [string, typeof rest] => [key, rest])
  return entries.flatMap(([key, each]) =>
    typeof each === 'object' ? settingOf(key, each, Reflect.get(Object(given), key), [...path, key], config) : [],
  )
}

function settingOf(
  key: string,
  schema: JsonSchema,
  given: unknown,
  path: readonly string[],
  config: Config,
): Setting[] {
  if (schema.type === 'object' && (given !== undefined || schema.default !== undefined)) {
    return [{ key, kind: 'section', settings: settingsOf(schema, given, path, config) }]
  }
  if (given !== undefined) return [{ key, kind: 'value', value: given, isDefault: false }]
  const value = schema.default ?? DERIVED[path.join('.')]?.(config)
  if (value !== undefined) return [{ key, kind: 'value', value, isDefault: true }]
  const [, meaning] = /\bDefault: (.*?)\.?$/.exec(schema.description ?? '') ?? []
  return meaning ? [{ key, kind: 'unset', meaning }] : []
}

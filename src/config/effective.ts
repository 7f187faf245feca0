/** The effective config: the file's settings plus defaults, as written in the file. */
import { parse } from 'yaml'
import type * as z from 'zod'
import { claimTtlOf } from './claim-ttl.ts'
import { durationText } from './duration.ts'
import { type Config, configJsonSchema } from './schema.ts'

/**
 * One key of the config.
 * - `section`: a mapping with its settings
 * - `value`: the effective value, from the file or by default
 * - `unset`: no value; `meaning` says what happens then
 */
export type Setting = { readonly key: string } & (
  | { readonly kind: 'section'; readonly settings: readonly Setting[] }
  | { readonly kind: 'value'; readonly value: unknown; readonly isDefault: boolean }
  | { readonly kind: 'unset'; readonly meaning: string }
)

type JsonSchema = z.core.JSONSchema.BaseSchema

/** Defaults derived from other values, by path. */
const DERIVED: Readonly<Record<string, (config: Config) => string>> = {
  'witness.ttl': (config) => durationText(claimTtlOf(config)),
}

/**
 * All settings, in schema order. Values keep the file's notation (`5s`, not milliseconds), so that the output is valid
 * in the file.
 * @param text of the file
 * @param config parsed from it
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

/** docs/configuration.md against the schema. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { configJsonSchema } from '../../../src/config/schema.ts'

const page = readFileSync('docs/configuration.md', 'utf8')
/** What the tables give as each key's default. */
const told = new Map(
  Array.from(page.matchAll(/^\| `([\w.]+)` \| (.*?) \|/gm), ([, key = '', value = '']) => [key, value]),
)

type Section = { properties?: Record<string, Section> | undefined; default?: unknown }
const section: z.ZodType<Section> = z.lazy(() =>
  z.looseObject({ properties: z.record(z.string(), section).optional(), default: z.unknown().optional() }),
)
const config = section.parse(configJsonSchema())
const instance = z
  .looseObject({ properties: z.looseObject({ instances: z.looseObject({ additionalProperties: section }) }) })
  .parse(configJsonSchema()).properties.instances.additionalProperties

/** Each key by its path, with its default. A section has none of its own. */
function keysOf({ properties = {} }: Section, path = ''): [string, unknown][] {
  return Object.entries(properties).flatMap(([key, each]): [string, unknown][] =>
    each.properties === undefined || key === 'hooks'
      ? [[`${path}${key}`, each.default]]
      : keysOf(each, `${path}${key}.`),
  )
}

const keys = [...keysOf(config).filter(([key]) => key !== 'instances'), ...keysOf(instance)]

test('docs/configuration.md tells of each key, and of no other', () => {
  expect(keys.map(([key]) => key)).toEqual(expect.arrayContaining(['cluster', 'witness.ttl', 'vips', 'hooks']))
  expect([...told.keys()].sort()).toEqual(keys.map(([key]) => key).sort())
})

test('docs/configuration.md gives each default', () => {
  const given = keys.flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' || typeof value === 'boolean' ? [[key, `\`${value}\``]] : [],
  )
  expect(given).toContainEqual(['interval', '`5s`'])
  expect(given.filter(([key, value]) => told.get(key) !== value)).toEqual([])
})

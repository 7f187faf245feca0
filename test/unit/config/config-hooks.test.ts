/** `hooks` in the config. */
import { Validator } from '@cfworker/json-schema'
import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/load.ts'
import { configJsonSchema } from '../../../src/config/schema.ts'

const withHooks = (hooks: unknown) => ({
  cluster: 'db',
  instances: { VI_1: { vips: ['10.99.0.10'], routeTables: ['rtb-0a'], hooks } },
})

/** What is wrong with the hooks: where, and what is allowed. */
function problemsOf(hooks: unknown): string[] {
  const result = parseConfig(JSON.stringify(withHooks(hooks)))
  if (!Array.isArray(result)) return []
  return result.map(({ path, allowed }) => `${path.replace('instances.VI_1.hooks', '')} ${allowed}`)
}

test('are parsed, with their timeout', () => {
  const owner = { run: ['/usr/local/bin/promote', '--now'], timeout: '1m' }
  const config = parseConfig(JSON.stringify(withHooks({ owner, stop: { run: ['/bin/true'] } })))
  expect(config).toMatchObject({
    instances: { VI_1: { hooks: { owner: { ...owner, timeout: 60_000 }, stop: { timeout: 30_000 } } } },
  })
})

const WORDS = 'a list: the program’s absolute path and its arguments'
const PROGRAM = 'the program’s absolute path'

test.each([
  [{ owner: { run: '/usr/local/bin/promote --now' } }, `.owner.run ${WORDS}`],
  [{ owner: { run: ['promote'] } }, `.owner.run[0] ${PROGRAM}`],
  [{ owner: { run: [] } }, `.owner.run[0] ${PROGRAM}`],
  [{ owner: {} }, `.owner.run ${WORDS}`],
  [{ owner: { run: ['/bin/sleep', 3] } }, '.owner.run[1] a string (quote numbers)'],
  [{ owner: '/bin/true' }, '.owner a mapping with the keys run, timeout'],
  [{ onwer: { run: ['/bin/true'] } }, '.onwer did you mean "owner"?'],
  [{ stop: { run: ['/bin/true'], timeout: '5' } }, '.stop.timeout a duration'],
  [
    { stop: { run: ['/bin/true'], timeout: '61m' } },
    '.stop.timeout a duration: a number and a unit (ms, s, m or h), from 100ms to 1h',
  ],
])('%j is refused', (hooks, problem) => {
  expect(problemsOf(hooks)).toEqual([expect.stringContaining(problem)])
})

test('the JSON Schema accepts and refuses the same', () => {
  const schema = new Validator(Object(configJsonSchema()), '2020-12')
  const isValid = (hooks: unknown) => schema.validate(withHooks(hooks)).valid
  expect(isValid({ owner: { run: ['/usr/local/bin/promote', '--now'], timeout: '1m' } })).toBe(true)
  for (const run of ['/bin/true', [], ['true'], ['/bin/sleep', 3]]) expect(isValid({ owner: { run } })).toBe(false)
})

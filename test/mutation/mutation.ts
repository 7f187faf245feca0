/** Each rule broken: some test of the protocol must fail. `npm run mutation`; MUTANT=… runs those whose name contains it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mutants } from './mutants.ts'
import { firstFailure, snapshot } from './private-copy.ts'

const wanted = mutants.filter(({ name }) => name.includes(process.env.MUTANT ?? ''))
const whole = snapshot()
const killers = new Map<string, string>()

beforeAll(async () => {
  const failure = await firstFailure(whole.directory)
  if (failure !== undefined) throw new Error(`what is whole must pass: ${failure}`)
}, 240_000)

afterAll(() => {
  whole.remove()
  const lines = [...killers].map(([name, killer]) => `  ${name}\n    ${killer.slice(0, 160)}`)
  process.stdout.write(`mutation: ${killers.size} of ${wanted.length} killed\n${lines.join('\n')}\n`)
})

describe.concurrent('a broken rule is noticed', () => {
  test.each(wanted)(
    '$name',
    async (mutant) => {
      const failure = await firstFailure(whole.directory, mutant)
      if (failure !== undefined) killers.set(mutant.name, failure)
      expect(failure, 'it survives').toBeDefined()
    },
    240_000,
  )
})

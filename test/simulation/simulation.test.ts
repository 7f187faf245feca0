/**
 * Random clusters, random faults, a million steps of the protocol. SIMULATION_SEED=… replays one seed and tells its story;
 * SIMULATION_STEPS=… sets how many steps are taken.
 */
import { expect, test } from 'vitest'
import type { Plan } from './plan.ts'
import { carryOut, type Outcome } from './run.ts'
import { failureOf, failureText, planOfSeed } from './story.ts'

const STEPS = Number(process.env.SIMULATION_STEPS ?? 1_000_000)
const SEED = process.env.SIMULATION_SEED
/** Each batch a test of its own, so that nothing runs for long without the test runner being told. */
const BATCHES = 8
const SEEDS_APART = 1_000_000
const IDLE_CLUSTERS = 20

const total = { runs: 0, steps: 0, writes: 0, edges: 0, accusations: 0, nodes: 0, withoutDaemon: 0 }

function runSeed(seed: number): number {
  const plan = planOfSeed(seed)
  const { steps, writes, edges, accusations, nodes, withoutDaemon } = outcomeOf(plan)
  total.runs += 1
  total.steps += steps
  total.writes += writes
  total.edges += edges
  total.accusations += accusations
  total.nodes += nodes
  total.withoutDaemon += withoutDaemon
  return steps
}

function outcomeOf(plan: Plan): Outcome {
  try {
    return carryOut(plan)
  } catch (error) {
    throw new Error(failureText(plan, String(error)), { cause: error })
  }
}

if (SEED === undefined) {
  test.each(Array.from({ length: BATCHES }, (_, index) => index))(
    'after any faults the routes are where VRRP elects, and stay there: batch %i',
    (batch) => {
      let steps = 0
      for (let seed = batch * SEEDS_APART + 1; steps < STEPS / BATCHES; seed += 1) steps += runSeed(seed)
      expect(steps).toBeGreaterThanOrEqual(STEPS / BATCHES)
    },
    120_000,
  )

  test('an idle hour changes nothing in EC2', () => {
    for (let seed = 1; seed <= IDLE_CLUSTERS; seed += 1) {
      const plan = { ...planOfSeed(seed), faults: [], lasting: [], quietMs: 3_600_000 }
      expect(failureOf(plan)).toBeUndefined()
    }
  })

  test('the numbers are printed', () => {
    const { runs, steps, writes, edges, accusations, nodes, withoutDaemon } = total
    process.stdout.write(
      `simulation: ${runs} runs, ${steps} steps, ${edges} edges, ${writes} writes, ${accusations} accusations; ${withoutDaemon} of ${nodes} nodes had no daemon\n`,
    )
    expect(steps).toBeGreaterThanOrEqual(STEPS)
    expect(withoutDaemon).toBeGreaterThan(nodes / 10)
  })
} else {
  test(`seed ${SEED}`, () => {
    const plan = planOfSeed(Number(SEED))
    const failure = failureOf(plan, (line) => process.stdout.write(`${line}\n`))
    expect(failure === undefined ? 'no rule is broken' : failureText(plan, failure)).toBe('no rule is broken')
  })
}

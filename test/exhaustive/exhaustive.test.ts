/**
 * Two nodes, one route: every order of what can happen is tried. EXHAUSTIVE=small leaves out the largest budget.
 * An event is a transition of VRRP at either node; a fault is a daemon that starts again, a read that is throttled, a write that is
 * held up for as long as it likes or whose answer is lost, a publish that fails or whose answer is lost.
 */
import { expect, test } from 'vitest'
import { type Budget, explore } from './explore.ts'

const SMALL: readonly Budget[] = [
  { events: 2, faults: 0, horizonMs: 6000 },
  { events: 1, faults: 1, horizonMs: 6000 },
]
const LARGE: readonly Budget[] = [{ events: 2, faults: 1, horizonMs: 1000 }]

const budgets = process.env.EXHAUSTIVE === 'small' ? SMALL : [...SMALL, ...LARGE]

test.each(budgets)(
  '$events events, $faults faults, for $horizonMs ms',
  async (budget) => {
    const { states, steps, leaves } = await explore(budget)
    process.stdout.write(`exhaustive: ${JSON.stringify(budget)}: ${states} states, ${steps} steps, ${leaves} ends\n`)
    expect(leaves).toBeGreaterThan(500)
    expect(states).toBeGreaterThan(10_000)
  },
  180_000,
)

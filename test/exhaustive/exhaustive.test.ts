/**
 * Two nodes, one route: every order of what can happen is tried. EXHAUSTIVE=small leaves out the largest budgets.
 * Each node has a daemon or hooks alone. An event is a transition of VRRP at either node, or a proof of a lower master at the
 * higher; a fault is a daemon that starts again, a hook that is killed or starts as late as it likes, a read that is
 * throttled, a write that is held up for as long as it likes or whose answer is lost, a publish that fails or whose answer is lost.
 */
import { expect, test } from 'vitest'
import { type Budget, explore } from './explore.ts'

const DAEMONS = ['daemon', 'daemon'] as const
const HOOKS = ['hooks', 'hooks'] as const
const HOOK_ABOVE = ['hooks', 'daemon'] as const
const HOOK_BELOW = ['daemon', 'hooks'] as const

const SMALL: readonly Budget[] = [
  { kinds: DAEMONS, events: 2, faults: 0, horizonMs: 6000 },
  { kinds: DAEMONS, events: 1, faults: 1, horizonMs: 6000 },
  { kinds: HOOKS, events: 2, faults: 0, horizonMs: 6000 },
  { kinds: HOOK_ABOVE, events: 2, faults: 0, horizonMs: 6000 },
  { kinds: HOOK_BELOW, events: 2, faults: 0, horizonMs: 6000 },
]
const LARGE: readonly Budget[] = [
  { kinds: DAEMONS, events: 2, faults: 1, horizonMs: 1000 },
  { kinds: HOOKS, events: 3, faults: 0, horizonMs: 4000 },
  { kinds: HOOKS, events: 2, faults: 1, horizonMs: 4000 },
  { kinds: HOOK_ABOVE, events: 3, faults: 0, horizonMs: 4000 },
  { kinds: HOOK_ABOVE, events: 2, faults: 1, horizonMs: 2000 },
  { kinds: HOOK_BELOW, events: 2, faults: 1, horizonMs: 1000 },
]

const budgets = process.env.EXHAUSTIVE === 'small' ? SMALL : [...SMALL, ...LARGE]

test.each(budgets)(
  '$kinds: $events events, $faults faults, for $horizonMs ms',
  async (budget) => {
    const { states, steps, leaves } = await explore(budget)
    process.stdout.write(`exhaustive: ${JSON.stringify(budget)}: ${states} states, ${steps} steps, ${leaves} ends\n`)
    expect(leaves).toBeGreaterThan(100)
    expect(states).toBeGreaterThan(5000)
  },
  180_000,
)

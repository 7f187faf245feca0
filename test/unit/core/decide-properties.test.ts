import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Claim, NodeState } from '../../../src/core/claim.ts'
import { decide, type NodeView } from '../../../src/core/decide.ts'
import type { EniId } from '../../../src/core/ids.ts'
import type { Liveness } from '../../../src/core/liveness.ts'
import {
  claim,
  other,
  pinTo,
  routes,
  standing,
  THEM,
  THIRD,
  TO_NAT,
  TO_TOOL,
  to,
  US,
  view,
} from '../../support/views.ts'

describe('whatever a view shows', () => {
  const states = fc.constantFrom<NodeState>('MASTER', 'MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED', 'UNKNOWN')
  const priorities = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined })
  const addresses = fc.constantFrom('10.0.0.1', '10.0.9.1', '10.0.10.1')
  const claimOf = (id: EniId) =>
    fc.tuple(states, priorities, addresses).map(([state, priority, address]) => claim(id, state, priority, address))
  const livenesses = fc.constantFrom<Liveness>('alive', 'unknown', 'expired', 'unreachable')
  const observed = (id: EniId) => fc.record({ claim: claimOf(id), liveness: livenesses })
  const standings = fc
    .tuple(
      fc.constantFrom(undefined, to(US), to(THEM), to(THIRD), TO_TOOL, TO_NAT),
      fc.constantFrom<'active' | 'blackhole'>('active', 'blackhole'),
    )
    .map(([target, state]) => standing(target, state))
  const views: fc.Arbitrary<NodeView> = fc.record({
    self: claimOf(US),
    isUnreachable: fc.boolean(),
    mute: fc.boolean(),
    isPersistent: fc.boolean(),
    isAbandoned: fc.boolean(),
    others: fc.tuple(observed(THEM), observed(THIRD)).chain((both) => fc.subarray(both)),
    pin: fc.constantFrom(undefined, undefined, pinTo(US), pinTo(THEM)),
    routes: fc.array(standings, { minLength: 1, maxLength: 3 }).map((all) => routes(...all)),
  })

  test('only the MASTER or the pinned node writes, only as the intended owner, and never over a foreign route', () => {
    fc.assert(
      fc.property(views, (seen) => {
        const { action, intended, due } = decide(seen)
        if (action !== 'write') expect(due).toEqual([])
        else {
          expect(seen.self.state === 'MASTER' || seen.pin?.eni === US).toBe(true)
          expect(intended).toBe(US)
          expect(due.length).toBeGreaterThan(0)
        }
        const foreign = seen.routes.filter((each) => each.standing.kind === 'refused').map(({ key }) => key)
        expect(foreign.filter((key) => due.includes(key))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  test('once every due route is ours, nothing more is written', () => {
    fc.assert(
      fc.property(views, (seen) => {
        const { due } = decide(seen)
        const after = seen.routes.map((each) =>
          due.includes(each.key) ? { ...each, standing: standing(to(US)) } : each,
        )
        expect(decide({ ...seen, routes: after }).action).not.toBe('write')
      }),
      { numRuns: 500 },
    )
  })

  test('two masters that see each other alive, and no third, agree on the owner', () => {
    fc.assert(
      fc.property(claimOf(US), claimOf(THEM), (ours, theirs) => {
        const [self, rival]: [Claim, Claim] = [
          { ...ours, state: 'MASTER' },
          { ...theirs, state: 'MASTER' },
        ]
        const here = decide(view({ self, others: [other('alive', rival)] }))
        const there = decide(view({ self: rival, others: [other('alive', self)] }))
        expect(here.intended).toBe(there.intended)
        expect(here.intended).toBeDefined()
      }),
      { numRuns: 500 },
    )
  })
})

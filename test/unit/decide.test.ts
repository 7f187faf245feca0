import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Claim, NodeState } from '../../src/core/claim.ts'
import { decide, type ObservedClaim, type ObservedRoute, type View } from '../../src/core/decide.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Liveness } from '../../src/core/liveness.ts'
import { type Standing, standingOf, type Target } from '../../src/core/route.ts'
import { parseVip } from '../../src/core/vip.ts'
import { eni, instanceId, rtb, tableWith } from '../fixtures.ts'

const US = eni('eni-0a')
const THEM = eni('eni-0b')
const THIRD = eni('eni-0c')
const VIP = parseVip('10.99.0.10')
const TO_TOOL: Target = { kind: 'instance', instance: instanceId('i-0a') }
const TO_NAT: Target = { kind: 'other', id: 'nat-0a' }

const to = (id: EniId): Target => ({ kind: 'eni', eni: id, instance: undefined })

function claim(id: EniId, state: NodeState, priority: number | undefined, address = '10.0.0.1'): Claim {
  return { eni: id, state, priority, address, since: '2026-11-23T01:02:03.000Z', beat: '2026-11-23T01:02:03.000Z' }
}

function standing(target: Target | undefined, state: 'active' | 'blackhole' = 'active'): Standing {
  const routes = target ? [{ destination: VIP, target, state, propagated: false }] : []
  return standingOf(tableWith(routes), VIP, US, { createMissing: true, takeOver: [] })
}

const routes = (...standings: readonly Standing[]): ObservedRoute[] =>
  standings.map((each, index) => ({ key: { table: rtb(`rtb-${index + 1}`), vip: VIP }, standing: each }))

const other = (liveness: Liveness, of: Claim = claim(THEM, 'MASTER', 150)): ObservedClaim => ({ claim: of, liveness })

/** We are the only MASTER, of priority 100, and the route is ours. */
function view(change: Partial<View> = {}): View {
  return {
    self: claim(US, 'MASTER', 100),
    isVoid: false,
    mute: false,
    others: [],
    isLasting: false,
    pin: undefined,
    routes: routes(standing(to(US))),
    ...change,
  }
}
const pinTo = (id: EniId) => ({ eni: id, since: 0, until: 1 })
const AWAY = routes(standing(to(THEM)))

describe('we are the only MASTER', () => {
  test('with every route in place there is nothing to do, and no conflict', () => {
    const decision = decide(view())
    expect(decision).toMatchObject({ action: 'none', intended: US, due: [], condition: 'OK', conflict: false })
    expect(decision.reason).toBe('we are MASTER 100; the route is in place')
  })

  test.each<[string, Standing, string]>([
    ['at another node', standing(to(THEM)), 'DRIFT'],
    ['at an instance of somebody', standing(TO_TOOL), 'DRIFT'],
    ['missing', standing(undefined), 'DRIFT'],
    ['a blackhole', standing(to(THEM), 'blackhole'), 'BLACKHOLE'],
    ['a blackhole at ourselves', standing(to(US), 'blackhole'), 'BLACKHOLE'],
  ])('a route that is %s is written, and this is a conflict', (_, where, condition) => {
    const decision = decide(view({ routes: routes(where, standing(to(US))) }))
    expect(decision).toMatchObject({ action: 'write', intended: US, condition, conflict: true })
    expect(decision.due).toEqual([{ table: 'rtb-1', vip: VIP }])
  })

  test("somebody else's route is not written, is no conflict, and is named with the way out", () => {
    const decision = decide(view({ routes: routes(standing(to(US)), standing(TO_NAT)) }))
    expect(decision).toMatchObject({ action: 'none', due: [], condition: 'FOREIGN', conflict: false })
    expect(decision.reason).toMatch(/1 of 2 routes in place; left alone: .* in rtb-2 \(.*nat-0a.*takeOver/)
  })

  test('many routes are not all listed', () => {
    const { reason, due } = decide(view({ routes: routes(...Array.from({ length: 5 }, () => standing(undefined))) }))
    expect(due).toHaveLength(5)
    expect(reason).toMatch(/rtb-1 \(missing\), .*rtb-3 \(missing\) and 2 more$/)
  })
})

describe('another claims to be MASTER, too', () => {
  test.each<[Liveness, string]>([
    ['alive', 'yield'],
    ['unknown', 'yield'],
    ['expired', 'write'],
    ['void', 'write'],
  ])('a higher one whose claim is %s: %s', (liveness, action) => {
    expect(decide(view({ others: [other(liveness)], routes: AWAY })).action).toBe(action)
  })

  test.each<[Liveness, boolean]>([
    ['alive', true],
    ['unknown', true],
    ['expired', false],
    ['void', false],
  ])('whose claim is %s: a conflict is %s, so that nobody beats at a dead one', (liveness, conflict) => {
    expect(decide(view({ others: [other(liveness)] })).conflict).toBe(conflict)
    const lower = other(liveness, claim(THEM, 'MASTER', 50))
    expect(decide(view({ others: [lower] }))).toMatchObject({ conflict, condition: conflict ? 'SPLIT-BRAIN' : 'OK' })
  })

  test('a lower one is written over', () => {
    const decision = decide(view({ others: [other('alive', claim(THEM, 'MASTER', 50))], routes: AWAY }))
    expect(decision).toMatchObject({ action: 'write', intended: US, condition: 'SPLIT-BRAIN' })
    expect(decision.reason).toBe(
      'eni-0b, MASTER 50, is alive; we are MASTER 100: split brain, which we win; taking 10.99.0.10/32 in rtb-1 (at eni-0b)',
    )
  })

  test('of equal priorities the higher address wins, and the reason says so', () => {
    const lower = claim(US, 'MASTER', 100, '10.0.9.1')
    const higher = claim(THEM, 'MASTER', 100, '10.0.10.1')
    expect(decide(view({ self: lower, others: [other('alive', higher)] })).intended).toBe(THEM)
    const won = decide(view({ self: { ...higher, eni: US }, others: [other('alive', { ...lower, eni: THEM })] }))
    expect(won.intended).toBe(US)
    expect(won.reason).toContain('by our higher address')
  })

  test.each<NodeState>(['BACKUP', 'FAULT', 'STOP', 'DELETED', 'UNKNOWN'])('one that is %s is no contender', (state) => {
    const decision = decide(view({ others: [other('alive', claim(THEM, state, 250))], routes: AWAY }))
    expect(decision).toMatchObject({ action: 'write', intended: US, condition: 'DRIFT' })
  })

  test('the highest of several is the one', () => {
    const others = [other('alive'), other('alive', claim(THIRD, 'MASTER', 200))]
    expect(decide(view({ others }))).toMatchObject({ action: 'yield', intended: THIRD })
  })

  test('what may be dead is not called alive, and nobody is sent to look for it', () => {
    const { reason } = decide(view({ others: [other('unknown')], isLasting: true }))
    expect(reason).toContain('is not known to be alive or dead yet')
    expect(reason).not.toContain('112')
  })

  test.each<[string, Claim]>([
    ['loser', claim(THEM, 'MASTER', 150)],
    ['winner', claim(THEM, 'MASTER', 50)],
  ])('once both have been masters for long, the %s names the likely cause', (_, rival) => {
    const others = [other('alive', rival)]
    expect(decide(view({ others })).reason).not.toContain('112')
    expect(decide(view({ others, isLasting: true })).reason).toMatch(/security groups.*protocol 112/)
  })
})

describe('we are not MASTER', () => {
  const backup = claim(US, 'BACKUP', 200)

  test.each<NodeState>(['BACKUP', 'FAULT', 'STOP', 'DELETED', 'UNKNOWN'])('as %s we never write', (state) => {
    const self = claim(US, state, 250)
    for (const others of [[], [other('alive')], [other('expired')], [other('void')]]) {
      for (const where of [standing(undefined), standing(to(THIRD)), standing(to(THEM), 'blackhole')]) {
        const decision = decide(view({ self, others, routes: routes(where) }))
        expect(decision).toMatchObject({ action: 'none', due: [], conflict: false })
      }
    }
  })

  test('a master that has long been silent is the usual thing', () => {
    const decision = decide(view({ self: backup, others: [other('expired')], routes: AWAY }))
    expect(decision).toMatchObject({ condition: 'OK', intended: THEM })
    expect(decision.reason).toBe('we are BACKUP 200; the routes belong to eni-0b, MASTER 150; the route is in place')
  })

  test('of several silent ones the one with the routes is taken for the master', () => {
    const others = [other('expired', claim(THIRD, 'MASTER', 250)), other('expired')]
    expect(decide(view({ self: backup, others, routes: AWAY }))).toMatchObject({ condition: 'OK', intended: THEM })
  })

  test('a silent one does not count where another lives', () => {
    const others = [other('expired', claim(THIRD, 'MASTER', 250)), other('alive')]
    expect(decide(view({ self: backup, others, routes: AWAY }))).toMatchObject({ condition: 'OK', intended: THEM })
  })

  test('two that live are a split brain', () => {
    const others = [other('alive', claim(THIRD, 'MASTER', 250)), other('alive')]
    expect(decide(view({ self: backup, others })).condition).toBe('SPLIT-BRAIN')
  })

  test('nobody is MASTER: the routes stay as they are', () => {
    const decision = decide(view({ self: backup, others: [other('void')], routes: AWAY }))
    expect(decision).toMatchObject({ condition: 'NO-MASTER', intended: undefined, action: 'none' })
    expect(decision.reason).toContain('rtb-1 (at eni-0b)')
  })
})

describe('our own interface carries nothing', () => {
  test('we are no contender: the other, though lower, has the routes', () => {
    const others = [other('alive', claim(THEM, 'MASTER', 50))]
    const decision = decide(view({ isVoid: true, others, routes: AWAY }))
    expect(decision).toMatchObject({ action: 'yield', intended: THEM, conflict: false, condition: 'OK' })
    expect(decision.reason).toContain('our interface, eni-0a, is not attached')
  })

  test('nor do we write where there is no other', () => {
    expect(decide(view({ isVoid: true, routes: routes(standing(to(US), 'blackhole')) }))).toMatchObject({
      action: 'none',
      intended: undefined,
      condition: 'NO-MASTER',
    })
  })
})

describe('pinned', () => {
  test('to another: we yield, though we are the only MASTER', () => {
    const decision = decide(view({ pin: pinTo(THEM) }))
    expect(decision).toMatchObject({ action: 'yield', intended: THEM, condition: 'PINNED' })
    expect(decision.reason).toBe('the routes are pinned to eni-0b; we are MASTER 100, but leave them to it')
  })

  test.each<NodeState>(['MASTER', 'BACKUP', 'FAULT'])('to us: as %s we take the routes, whoever is MASTER', (state) => {
    const decision = decide(
      view({ self: claim(US, state, 100), pin: pinTo(US), others: [other('alive')], routes: AWAY }),
    )
    expect(decision).toMatchObject({ action: 'write', intended: US, condition: 'PINNED' })
  })

  test('to us: what the others read in the pin they need not read in our claim', () => {
    const pinned = view({ pin: pinTo(US), mute: true, others: [other('alive')], routes: AWAY })
    expect(decide(pinned).action).toBe('write')
  })

  test("to us: somebody else's route is left alone all the same", () => {
    expect(decide(view({ pin: pinTo(US), routes: routes(standing(TO_NAT)) }))).toMatchObject({
      action: 'none',
      due: [],
    })
  })
})

describe('nobody sees our claim', () => {
  test.each<[Liveness, string]>([
    ['alive', 'yield'],
    ['unknown', 'yield'],
    ['expired', 'yield'],
    ['void', 'write'],
  ])('with a lower MASTER whose claim is %s: %s', (liveness, action) => {
    const others = [other(liveness, claim(THEM, 'MASTER', 50))]
    const decision = decide(view({ mute: true, others, routes: AWAY }))
    expect(decision.action).toBe(action)
    expect(decision.reason).toContain('our claim could not be published (is ec2:CreateTags allowed?)')
  })

  test('the one that we give way to is the intended owner, so that what we have under way is given up', () => {
    const others = [other('alive', claim(THEM, 'MASTER', 50))]
    expect(decide(view({ mute: true, others }))).toMatchObject({ intended: THEM, condition: 'SPLIT-BRAIN' })
  })

  test('with no other MASTER we write', () => {
    const others = [other('alive', claim(THEM, 'BACKUP', 150))]
    expect(decide(view({ mute: true, others, routes: AWAY })).action).toBe('write')
  })
})

describe('whatever a view shows', () => {
  const states = fc.constantFrom<NodeState>('MASTER', 'MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED', 'UNKNOWN')
  const priorities = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined })
  const addresses = fc.constantFrom('10.0.0.1', '10.0.9.1', '10.0.10.1')
  const claimOf = (id: EniId) =>
    fc.tuple(states, priorities, addresses).map(([state, priority, address]) => claim(id, state, priority, address))
  const livenesses = fc.constantFrom<Liveness>('alive', 'unknown', 'expired', 'void')
  const observed = (id: EniId) => fc.record({ claim: claimOf(id), liveness: livenesses })
  const standings = fc
    .tuple(
      fc.constantFrom(undefined, to(US), to(THEM), to(THIRD), TO_TOOL, TO_NAT),
      fc.constantFrom<'active' | 'blackhole'>('active', 'blackhole'),
    )
    .map(([target, state]) => standing(target, state))
  const views: fc.Arbitrary<View> = fc.record({
    self: claimOf(US),
    isVoid: fc.boolean(),
    mute: fc.boolean(),
    isLasting: fc.boolean(),
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

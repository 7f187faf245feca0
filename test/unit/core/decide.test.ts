import { describe, expect, test } from 'vitest'
import type { NodeState } from '../../../src/core/claim.ts'
import { decide } from '../../../src/core/decide.ts'
import type { Standing } from '../../../src/core/route.ts'
import {
  AWAY,
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
  VIP,
  view,
} from '../../support/views.ts'

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

describe('we are not MASTER', () => {
  const backup = claim(US, 'BACKUP', 200)

  test.each<NodeState>(['BACKUP', 'FAULT', 'STOP', 'DELETED', 'UNKNOWN'])('as %s we never write', (state) => {
    const self = claim(US, state, 250)
    for (const others of [[], [other('alive')], [other('expired')], [other('unreachable')]]) {
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
    const decision = decide(view({ self: backup, others: [other('unreachable')], routes: AWAY }))
    expect(decision).toMatchObject({ condition: 'NO-MASTER', intended: undefined, action: 'none' })
    expect(decision.reason).toContain('rtb-1 (at eni-0b)')
  })
})

describe('our own interface carries nothing', () => {
  test('we are no contender: the other, though lower, has the routes', () => {
    const others = [other('alive', claim(THEM, 'MASTER', 50))]
    const decision = decide(view({ isUnreachable: true, others, routes: AWAY }))
    expect(decision).toMatchObject({ action: 'yield', intended: THEM, conflict: false, condition: 'OK' })
    expect(decision.reason).toContain('our interface, eni-0a, is not attached')
  })

  test('nor do we write where there is no other', () => {
    expect(decide(view({ isUnreachable: true, routes: routes(standing(to(US), 'blackhole')) }))).toMatchObject({
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

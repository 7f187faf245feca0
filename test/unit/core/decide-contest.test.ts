import { describe, expect, test } from 'vitest'
import type { Claim, NodeState } from '../../../src/core/claim.ts'
import { decide } from '../../../src/core/decide.ts'
import type { Liveness } from '../../../src/core/liveness.ts'
import { AWAY, claim, other, THEM, THIRD, US, view } from '../../support/views.ts'

describe('another claims to be MASTER, too', () => {
  test.each<[Liveness, string]>([
    ['alive', 'yield'],
    ['unknown', 'yield'],
    ['expired', 'write'],
    ['unreachable', 'write'],
  ])('a higher one whose claim is %s: %s', (liveness, action) => {
    expect(decide(view({ others: [other(liveness)], routes: AWAY })).action).toBe(action)
  })

  test.each<[Liveness, boolean]>([
    ['alive', true],
    ['unknown', true],
    ['expired', false],
    ['unreachable', false],
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
    const { reason } = decide(view({ others: [other('unknown')], isPersistent: true }))
    expect(reason).toContain('is not known to be alive or dead yet')
    expect(reason).not.toContain('112')
  })

  test.each<[string, Claim]>([
    ['loser', claim(THEM, 'MASTER', 150)],
    ['winner', claim(THEM, 'MASTER', 50)],
  ])('once both have been masters for long, the %s names the likely cause', (_, rival) => {
    const others = [other('alive', rival)]
    expect(decide(view({ others })).reason).not.toContain('112')
    expect(decide(view({ others, isPersistent: true })).reason).toMatch(/security groups.*protocol 112/)
  })
})

describe('nobody sees our claim', () => {
  test.each<[Liveness, string]>([
    ['alive', 'yield'],
    ['unknown', 'yield'],
    ['expired', 'yield'],
    ['unreachable', 'write'],
  ])('with a lower MASTER whose claim is %s: %s', (liveness, action) => {
    const others = [other(liveness, claim(THEM, 'MASTER', 50))]
    const decision = decide(view({ mute: true, others, routes: AWAY }))
    expect(decision.action).toBe(action)
    expect(decision.reason).toContain('our claim could not be published (the log says why)')
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

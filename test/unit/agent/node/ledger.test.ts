import { describe, expect, test } from 'vitest'
import { openLedger } from '../../../../src/agent/node/ledger.ts'
import type { RouteKey, Standing } from '../../../../src/core/route.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { Failure } from '../../../../src/platform/errors.ts'
import { eni, rtb } from '../../../support/fixtures.ts'

const VIP = parseVip('10.99.0.10')
const A: RouteKey = { table: rtb('rtb-0a'), vip: VIP }
const B: RouteKey = { table: rtb('rtb-0b'), vip: VIP }
const routeTo = (id: string) =>
  ({
    destination: VIP,
    target: { kind: 'eni', eni: eni(id), instance: undefined },
    state: 'active',
    origin: 'CreateRoute',
  }) as const
const OURS: Standing = { kind: 'in-place', route: routeTo('eni-0a') }
const THEIRS: Standing = { kind: 'elsewhere', route: routeTo('eni-0b') }

function outcomes(tell: (ledger: ReturnType<typeof openLedger>) => void) {
  const ledger = openLedger()
  tell(ledger)
  return ledger.outcomes('the time is over').map(({ verdict, detail }) => `${verdict}: ${detail}`)
}

describe('a route is done', () => {
  test('when it was seen in place after its write, however often it was elsewhere before', () => {
    const told = outcomes((ledger) => {
      ledger.began(A)
      ledger.accepted(A, 'replaced')
      ledger.lookedAt([{ key: A, standing: THEIRS }])
      ledger.lookedAt([{ key: A, standing: OURS }])
    })
    expect(told).toEqual(['done: replaced'])
  })

  test('when it was in place, though its write was denied', () => {
    const told = outcomes((ledger) => {
      ledger.began(A)
      ledger.failed(A, new Failure('failed', 'not authorized'))
      ledger.lookedAt([{ key: A, standing: OURS }])
    })
    expect(told).toEqual(['done: in place, though the write failed: not authorized'])
  })
})

describe('a route is not done', () => {
  test('when it was accepted, and not looked at since', () => {
    const told = outcomes((ledger) => {
      ledger.lookedAt([{ key: A, standing: OURS }])
      ledger.began(A)
      ledger.accepted(A, 'replaced')
    })
    expect(told).toEqual(['unconfirmed: accepted, but not read back: the time is over'])
  })

  test('when the last look saw it elsewhere, or did not see its table', () => {
    const told = outcomes((ledger) => {
      for (const key of [A, B]) {
        ledger.began(key)
        ledger.accepted(key, 'replaced')
      }
      ledger.lookedAt([{ key: A, standing: THEIRS }])
    })
    expect(told).toEqual([
      'unconfirmed: accepted, but read back as eni-0b: the time is over',
      'unconfirmed: accepted, but its table is not among those that are read',
    ])
  })

  test('when its last write failed, whatever became of the one before', () => {
    const told = outcomes((ledger) => {
      ledger.began(A)
      ledger.accepted(A, 'replaced')
      ledger.began(A)
      ledger.failed(A, new Failure('failed', 'not authorized'))
      ledger.lookedAt([{ key: A, standing: THEIRS }])
    })
    expect(told).toEqual(['failed: not authorized'])
  })

  test('when it was never written', () => {
    expect(outcomes((ledger) => ledger.lookedAt([{ key: A, standing: { kind: 'missing' } }]))).toEqual([
      'failed: is missing and was not written: the time is over',
    ])
    expect(outcomes((ledger) => ledger.began(A))).toEqual(['failed: not written: the time is over'])
  })

  test('but refused, when it is somebody else’s or may not be created', () => {
    const told = outcomes((ledger) => {
      ledger.lookedAt([{ key: A, standing: { kind: 'refused', reason: 'it is a NAT gateway’s', route: undefined } }])
      ledger.began(B)
      ledger.failed(B, new Failure('refused', 'none may be created'))
    })
    expect(told).toEqual(['refused: it is a NAT gateway’s', 'refused: none may be created'])
  })
})

test('counts writes, what is accepted, and what is yet to be looked at', () => {
  const ledger = openLedger()
  for (const key of [A, B, A]) ledger.began(key)
  ledger.accepted(A, 'replaced')
  expect(ledger.count()).toEqual({ writes: 3, written: 2, accepted: 1, unseen: 1 })
  ledger.lookedAt([{ key: A, standing: OURS }])
  expect(ledger.count()).toMatchObject({ unseen: 0 })
})

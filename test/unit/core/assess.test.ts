import { expect, test } from 'vitest'
import type { Claim, NodeState } from '../../../src/core/claim.ts'
import { assess, type ClusterView, type ObservedClaim } from '../../../src/core/decide.ts'
import type { EniId } from '../../../src/core/ids.ts'
import type { Liveness } from '../../../src/core/liveness.ts'
import { type Standing, standingOf } from '../../../src/core/route.ts'
import type { Target } from '../../../src/core/route-target.ts'
import { parseVip } from '../../../src/core/vip.ts'
import { eni, rtb, tableWith } from '../../support/fixtures.ts'

const A = eni('eni-0a')
const B = eni('eni-0b')
const VIP = parseVip('10.99.0.10')
const KEY = { table: rtb('rtb-0a'), vip: VIP }

function node(id: EniId, state: NodeState, priority: number, liveness: Liveness): ObservedClaim {
  const claim: Claim = { eni: id, state, priority, address: '10.0.0.1', since: '', beat: '' }
  return { claim, liveness }
}

function standing(target: Target | undefined, state: 'active' | 'blackhole' = 'active'): Standing {
  const routes = target ? [{ destination: VIP, target, state, origin: 'CreateRoute' }] : []
  return standingOf(tableWith(routes), VIP, undefined, { createMissing: true, takeOver: [] })
}

const at = (id: EniId): Target => ({ kind: 'eni', eni: id, instance: undefined })

function scene(change: Partial<ClusterView> = {}): ClusterView {
  return {
    others: [node(A, 'MASTER', 150, 'unknown'), node(B, 'BACKUP', 100, 'unknown')],
    pin: undefined,
    isAbandoned: false,
    routes: [{ key: KEY, standing: standing(at(A)) }],
    ...change,
  }
}

const route = (of: Standing) => ({ routes: [{ key: KEY, standing: of }] })

test('to one who is no node, no route is in place, and yet all may be well', () => {
  expect(standing(at(A)).kind).toBe('elsewhere')
  expect(assess(scene())).toEqual({
    intended: A,
    condition: 'OK',
    reason: 'the routes belong to eni-0a, MASTER 150; the route is in place',
    masters: 1,
  })
})

test.each<[string, Partial<ClusterView>, string, EniId | undefined]>([
  ['at another node', route(standing(at(B))), 'DRIFT', A],
  ['missing', route(standing(undefined)), 'DRIFT', A],
  ['a blackhole', route(standing(at(B), 'blackhole')), 'BLACKHOLE', A],
  ["somebody else's", route(standing({ kind: 'other', id: 'nat-0a' })), 'FOREIGN', A],
  ['pinned', { pin: { eni: B, since: 0, until: 1 } }, 'PINNED', B],
  ['nobody’s', { others: [node(B, 'BACKUP', 100, 'unknown')] }, 'NO-MASTER', undefined],
  ['of a master whose interface is gone', { others: [node(A, 'MASTER', 150, 'unreachable')] }, 'NO-MASTER', undefined],
])('a route that is %s', (_, change, condition, intended) => {
  expect(assess(scene(change))).toMatchObject({ condition, intended })
})

test('two masters are a split brain, unless one has shown no life for long', () => {
  const both = (liveness: Liveness) => [node(A, 'MASTER', 100, liveness), node(B, 'MASTER', 150, 'alive')]
  const { condition, intended, masters, reason } = assess(scene({ others: both('unknown') }))
  expect({ condition, intended, masters }).toEqual({ condition: 'SPLIT-BRAIN', intended: B, masters: 2 })
  expect(reason).toMatch(
    /^split brain, if eni-0a is alive: eni-0a, MASTER 100, and eni-0b, MASTER 150; the routes belong to eni-0b/,
  )
  expect(assess(scene({ others: both('expired') }))).toMatchObject({ condition: 'DRIFT', intended: B })
})

test('a master that has long been silent is the usual thing, where the routes are', () => {
  const others = [node(A, 'MASTER', 100, 'expired'), node(B, 'MASTER', 150, 'expired')]
  expect(assess(scene({ others }))).toMatchObject({ condition: 'OK', intended: A, masters: 1 })
})

test('a silent master to whom the routes do not come back is none', () => {
  const silent = {
    others: [node(A, 'MASTER', 150, 'expired'), node(B, 'STOP', 100, 'unknown')],
    ...route(standing(at(B))),
  }
  expect(assess(scene(silent))).toMatchObject({ condition: 'DRIFT', intended: A, masters: 1 })
  const abandoned = assess(scene({ ...silent, isAbandoned: true }))
  expect(abandoned).toMatchObject({ condition: 'NO-MASTER', intended: undefined, masters: 0 })
  expect(abandoned.reason).toBe(
    'nobody who shows life claims to be MASTER: eni-0a, MASTER 150, is silent, and does not take the routes; routes left as they are: 10.99.0.10/32 in rtb-0a (at eni-0b)',
  )
})

test.each<[string, Partial<ClusterView>]>([
  ['it may live', { others: [node(A, 'MASTER', 150, 'unknown')], ...route(standing(at(B))) }],
  ['the routes have come back to it', { others: [node(A, 'MASTER', 150, 'expired')] }],
])('a master is one all the same where %s', (_, change) => {
  expect(assess(scene({ ...change, isAbandoned: true }))).toMatchObject({ intended: A, masters: 1 })
})

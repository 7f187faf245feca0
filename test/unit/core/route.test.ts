import { describe, expect, test } from 'vitest'
import { type EniId, isEniId } from '../../../src/core/ids.ts'
import { type Route, type RouteTable, refusalOf, standingOf, type Target } from '../../../src/core/route.ts'
import { parseDestination, parseVip } from '../../../src/core/vip.ts'
import { eni, instanceId, tableWith } from '../../support/fixtures.ts'

const OURS = eni('eni-0a')
const THEIRS = eni('eni-0b')
const VIP = parseVip('10.99.0.10')
const OPEN = { createMissing: true, takeOver: [] }

const route = (target: Target, rest: Partial<Route> = {}): Route => ({
  destination: parseDestination('10.99.0.10/32'),
  target,
  state: 'active',
  propagated: false,
  ...rest,
})
const toEni = (id: EniId): Target => ({ kind: 'eni', eni: id, instance: undefined })

describe('standingOf', () => {
  test.each<[string, Route[], string]>([
    ['at our ENI', [route(toEni(OURS))], 'in-place'],
    ['at another ENI', [route(toEni(THEIRS))], 'elsewhere'],
    ['at an instance', [route({ kind: 'instance', instance: instanceId('i-0a') })], 'elsewhere'],
    ['a blackhole at our ENI', [route(toEni(OURS), { state: 'blackhole' })], 'elsewhere'],
    ['a blackhole that names nothing', [route({ kind: 'none' }, { state: 'blackhole' })], 'elsewhere'],
    ['a blackhole of a NAT gateway', [route({ kind: 'other', id: 'nat-0a' }, { state: 'blackhole' })], 'elsewhere'],
    ['missing', [], 'missing'],
    ['at a NAT gateway', [route({ kind: 'other', id: 'nat-0a' })], 'refused'],
    ['propagated', [route({ kind: 'other', id: 'vgw-0a' }, { propagated: true })], 'refused'],
    [
      'a static route beside a propagated one',
      [route({ kind: 'other', id: 'vgw-0a' }, { propagated: true }), route(toEni(OURS))],
      'in-place',
    ],
  ])('%s', (_, routes, kind) => {
    expect(standingOf(tableWith(routes), VIP, OURS, OPEN).kind).toBe(kind)
  })
})

describe('refusalOf', () => {
  test('a foreign target that the config names may be taken over, and no other', () => {
    const table = tableWith([route({ kind: 'other', id: 'nat-0a' })])
    expect(refusalOf(table, VIP, { ...OPEN, takeOver: ['nat-0a'] })).toBeUndefined()
    expect(refusalOf(table, VIP, { ...OPEN, takeOver: ['nat-0b'] })).toContain('points to nat-0a')
  })

  test('a host inside the VPC’s own CIDR is refused, with that reason', () => {
    const local = route({ kind: 'local' }, { destination: parseDestination('10.0.0.0/16') })
    const table: RouteTable = tableWith([local])
    expect(refusalOf(table, parseVip('10.0.9.9'), OPEN)).toContain("inside the VPC's own 10.0.0.0/16")
    expect(refusalOf(table, VIP, OPEN)).toBeUndefined()
    // More specific than local, and a whole subnet perhaps: EC2 itself decides.
    expect(refusalOf(table, parseVip('10.0.9.0/24'), OPEN)).toBeUndefined()
  })

  test('a missing route is refused where it may not be created', () => {
    expect(refusalOf(tableWith([]), VIP, { ...OPEN, createMissing: false })).toContain('createMissing is off')
  })

  test('a route of another destination is never looked at', () => {
    const other = route({ kind: 'other', id: 'nat-0a' }, { destination: parseDestination('10.99.0.0/24') })
    expect(standingOf(tableWith([other]), VIP, OURS, OPEN).kind).toBe('missing')
  })
})

test('ids are told apart by their prefix', () => {
  expect(isEniId('eni-0a')).toBe(true)
  expect(isEniId('i-0a')).toBe(false)
  expect(isEniId('eni-0A')).toBe(false)
})

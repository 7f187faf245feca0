import { describe, expect, test } from 'vitest'
import { type EniId, isEniId } from '../../../src/core/ids.ts'
import { type Route, type RouteTable, refusalOf, standingOf, whereTo } from '../../../src/core/route.ts'
import type { Target } from '../../../src/core/route-target.ts'
import { parseDestination, parseVip } from '../../../src/core/vip.ts'
import { eni, instanceId, tableWith } from '../../support/fixtures.ts'

const OURS = eni('eni-0a')
const THEIRS = eni('eni-0b')
const VIP = parseVip('10.99.0.10')
const CORE_NETWORK = 'arn:aws:networkmanager::123456789012:core-network/core-network-0a'
const ODB_NETWORK = 'arn:aws:odb:us-east-1:123456789012:odb-network/odbnet_0a'
const OPEN = { createMissing: true, takeOver: [] }

const route = (target: Target, rest: Partial<Route> = {}): Route => ({
  destination: parseDestination('10.99.0.10/32'),
  target,
  state: 'active',
  origin: 'CreateRoute',
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
    ['propagated', [route({ kind: 'other', id: 'vgw-0a' }, { origin: 'EnableVgwRoutePropagation' })], 'refused'],
    ['advertised by a route server', [route(toEni(THEIRS), { origin: 'Advertisement' })], 'refused'],
    ['advertised with our ENI as target', [route(toEni(OURS), { origin: 'Advertisement' })], 'refused'],
    ['an advertised blackhole', [route(toEni(OURS), { origin: 'Advertisement', state: 'blackhole' })], 'refused'],
    ['of an origin that EC2 has yet to add', [route(toEni(OURS), { origin: 'NewThing' })], 'refused'],
    ['of no origin', [route(toEni(OURS), { origin: '' })], 'refused'],
    ['of the table itself', [route(toEni(OURS), { origin: 'CreateRouteTable' })], 'in-place'],
    ['at our ENI, but filtered', [route(toEni(OURS), { state: 'filtered' })], 'elsewhere'],
    ['active, at what EC2 does not name', [route({ kind: 'none' })], 'refused'],
    [
      'a static route beside an advertised one',
      [route(toEni(THEIRS), { origin: 'Advertisement' }), route(toEni(OURS))],
      'in-place',
    ],
    [
      'a static route beside a propagated one',
      [route({ kind: 'other', id: 'vgw-0a' }, { origin: 'EnableVgwRoutePropagation' }), route(toEni(OURS))],
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

  test.each([
    ['nat-0a', 'nat-0a (NAT gateway)'],
    ['tgw-0a', 'tgw-0a (transit gateway)'],
    ['pcx-0a', 'pcx-0a (VPC peering connection)'],
    ['igw-0a', 'igw-0a (internet gateway)'],
    ['vgw-0a', 'vgw-0a (virtual private gateway)'],
    ['eigw-0a', 'eigw-0a (egress-only internet gateway)'],
    ['lgw-0a', 'lgw-0a (local gateway)'],
    ['cagw-0a', 'cagw-0a (carrier gateway)'],
    ['vpce-0a', 'vpce-0a (VPC endpoint)'],
    [CORE_NETWORK, `${CORE_NETWORK} (core network)`],
    [ODB_NETWORK, `${ODB_NETWORK} (ODB network)`],
    ['xyz-0a', 'xyz-0a (a kind of target that this version does not know)'],
  ])('%s is named in words, and may be taken over by its id', (id, name) => {
    const table = tableWith([route({ kind: 'other', id })])
    expect(refusalOf(table, VIP, OPEN)).toBe(
      `the route points to ${name}, which is not ours to replace; to allow it, name ${id} in takeOver of its instance in the config`,
    )
    expect(refusalOf(table, VIP, { ...OPEN, takeOver: [id] })).toBeUndefined()
  })

  const NOT_OURS = 'which is not ours to replace'
  test.each<[string, Target, Partial<Route>, string]>([
    [
      'propagated, without a target',
      { kind: 'none' },
      { origin: 'EnableVgwRoutePropagation' },
      `is propagated from a virtual private gateway, ${NOT_OURS}; it names no target for takeOver to allow: disable the propagation to this table (aws ec2 disable-vgw-route-propagation)`,
    ],
    [
      'advertised',
      toEni(THEIRS),
      { origin: 'Advertisement' },
      `is advertised by a VPC Route Server to eni-0b, ${NOT_OURS}; to allow it, name eni-0b in takeOver of its instance in the config`,
    ],
    [
      'advertised, without a target',
      { kind: 'none' },
      { origin: 'Advertisement' },
      `is advertised by a VPC Route Server, ${NOT_OURS}; it names no target for takeOver to allow: stop advertising it, or disable the propagation to this table (aws ec2 disable-route-server-propagation)`,
    ],
    [
      'of another origin',
      toEni(OURS),
      { origin: 'NewThing' },
      `was not created statically (its origin is NewThing), and leads to eni-0a, ${NOT_OURS}; to allow it, name eni-0a in takeOver of its instance in the config`,
    ],
    [
      'of another origin, without a target',
      { kind: 'none' },
      { origin: '' },
      `was not created statically (its origin is unknown), ${NOT_OURS}; it names no target for takeOver to allow: remove it where it comes from`,
    ],
    [
      'static, at what EC2 does not name',
      { kind: 'none' },
      {},
      `points to a kind of target that this version does not know, ${NOT_OURS}; delete or replace it by hand to let vip-switch write it`,
    ],
  ])('a route that is %s is refused with what to do', (_, target, rest, text) => {
    expect(refusalOf(tableWith([route(target, rest)]), VIP, OPEN)).toBe(`the route ${text}`)
  })

  test('a VIP that is the whole CIDR of the VPC is refused with what to do', () => {
    const local = route({ kind: 'local' }, { destination: parseDestination('10.0.0.0/16'), origin: 'CreateRouteTable' })
    expect(refusalOf(tableWith([local]), parseVip('10.0.0.0/16'), OPEN)).toBe(
      `the route points to local (the VPC itself), ${NOT_OURS}; choose another VIP`,
    )
  })

  test.each<[string, string, string]>([
    ['Advertisement', 'active', 'a VPC Route Server'],
    ['EnableVgwRoutePropagation', 'active', 'a virtual private gateway'],
    ['CreateRoute', 'active', 'an unknown target'],
    ['CreateRoute', 'blackhole', 'nothing'],
  ])('without a target, of origin %s, and %s, a route leads to %s', (origin, state, text) => {
    expect(whereTo(route({ kind: 'none' }, { origin, state }))).toBe(text)
  })

  test('an advertised route may be taken over by its target’s id', () => {
    const table = tableWith([route(toEni(THEIRS), { origin: 'Advertisement' })])
    expect(standingOf(table, VIP, OURS, { ...OPEN, takeOver: [THEIRS] }).kind).toBe('elsewhere')
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

import { describe, expect, it } from 'vitest'
import { routeState } from '../../../src/lab/ec2/model.ts'
import { buildRegion } from '../../../src/lab/ec2/seed/build.ts'
import { defaultSeed } from '../../../src/lab/ec2/seed/default.ts'
import { parseSeed } from '../../../src/lab/ec2/seed/seed.ts'

const text = `
account: "210987654321"
vpcs:
  prod:
    cidrs: [10.0.0.0/16, "2001:DB8:10:0::/56"]
    subnets:
      a: { zone: ap-northeast-1a, cidr: 10.0.1.0/24 }
      c: { zone: ap-northeast-1c, cidr: 10.0.2.0/24 }
    instances:
      db-1: 10.0.1.11
      db-2: { state: stopped, interfaces: [10.0.2.12, { addresses: [10.0.2.13], sourceDestCheck: false }] }
      gone: { state: terminated, interfaces: [10.0.1.13] }
      twin: { interfaces: [10.0.1.14], tags: { Name: db-1 } }
    routeTables:
      private-a:
        subnets: [a]
        routes:
          10.99.0.10/32: db-1
          "2001:db8:99:0::10/128": db-2/1
          10.99.0.11/32: gone
          vips: db-1
          0.0.0.0/0: nat-00000000000000001
          10.50.0.0/16: tgw-00000000000000001
          10.51.0.0/16: pcx-00000000000000001
          10.52.0.0/16: { to: vgw-00000000000000001, propagated: true }
  other: { cidrs: [10.7.0.0/16] }
prefixLists: { vips: { entries: [10.98.0.0/28] } }
deny: [{ action: ReplaceRoute, resource: private-a }, { action: CreateTags }]
`

describe('a seed', () => {
  it('says in few words what a region holds', () => {
    const region = buildRegion(parseSeed(text))
    const named = (name: string) => [...region.tags].filter(([, tags]) => tags.get('Name') === name).map(([id]) => id)
    const tables = [...region.routeTables.values()]
    expect(tables.map(({ id, main }) => [region.tags.get(id)?.get('Name'), main])).toEqual([
      ['main', true],
      ['private-a', false],
      ['main', true],
    ])
    const routes = tables[1]?.routes.map((route) => [
      route.destination.value,
      route.target.field,
      route.origin,
      routeState(region, route),
    ])
    expect(routes).toEqual([
      ['10.0.0.0/16', 'gatewayId', 'CreateRouteTable', 'active'],
      ['2001:db8:10::/56', 'gatewayId', 'CreateRouteTable', 'active'],
      ['10.99.0.10/32', 'networkInterfaceId', 'CreateRoute', 'active'],
      ['2001:db8:99::10/128', 'networkInterfaceId', 'CreateRoute', 'blackhole'],
      ['10.99.0.11/32', 'networkInterfaceId', 'CreateRoute', 'blackhole'],
      [named('vips')[0], 'networkInterfaceId', 'CreateRoute', 'active'],
      ['0.0.0.0/0', 'natGatewayId', 'CreateRoute', 'active'],
      ['10.50.0.0/16', 'transitGatewayId', 'CreateRoute', 'active'],
      ['10.51.0.0/16', 'vpcPeeringConnectionId', 'CreateRoute', 'active'],
      ['10.52.0.0/16', 'gatewayId', 'EnableVgwRoutePropagation', 'active'],
    ])
    expect(named('db-1')).toHaveLength(2)
    expect([...region.instances.values()].map(({ state, zone }) => [state, zone])).toEqual([
      ['running', 'ap-northeast-1a'],
      ['stopped', 'ap-northeast-1c'],
      ['terminated', 'ap-northeast-1a'],
      ['running', 'ap-northeast-1a'],
    ])
    expect(region.deny).toEqual([{ action: 'ReplaceRoute', resource: named('private-a')[0] }, { action: 'CreateTags' }])
  })

  it('gives the same ids each time, in the form of real ones', () => {
    const ids = (region = buildRegion(defaultSeed)) => [
      ...region.routeTables.keys(),
      ...region.instances.keys(),
      ...region.interfaces.keys(),
    ]
    expect(ids()).toEqual(ids())
    for (const id of ids()) expect(id).toMatch(/^(rtb|i|eni)-0[0-9a-f]{16}$/)
  })

  it.each([
    ['regoin: x', 'seed: Unrecognized key: "regoin"'],
    [
      'vpcs: { a: { cidrs: [10.0.0.0/16], instances: { n: { sate: stopped, interfaces: [10.0.0.1] } } } }',
      'vpcs.a.instances.n: Unrecognized key: "sate"',
    ],
    ['vpcs: { a: { cidrs: [10.0.0.0] } }', 'vpcs.a.cidrs.0: '],
    [
      'vpcs: { a: { cidrs: [10.0.0.0/16], instances: { n: { interfaces: [{ addresses: [10.0.0.999] }] } } } }',
      'vpcs.a.instances.n.interfaces.0.addresses.0: ',
    ],
    [
      'vpcs: { a: { cidrs: [10.0.0.0/16], instances: { n: 10.0.0.1 } } }',
      'vpcs.a.instances.n.interfaces.0: 10.0.0.1 is not in any subnet',
    ],
    [
      'vpcs: { a: { cidrs: [10.0.0.0/16], routeTables: { t: { routes: { 10.9.0.0/16: nobody } } } } }',
      'vpcs.a.routeTables.t.routes.10.9.0.0/16: nobody is neither',
    ],
    ['vpcs: { a: { cidrs: [10.0.0.0/16], routeTables: { t: { subnets: [b] } } } }', 'there is no b'],
    ['{ region: xx-east-1, vpcs: {} }', 'region: must be an AWS region'],
    [
      `{ region: us-iso-east-1, vpcs: {}, policies: { 'arn:aws:iam::123456789012:user/lab': { Version: '2012-10-17', Statement: [] } } }`,
      'policies.arn:aws:iam::123456789012:user/lab: must be in the partition aws-iso',
    ],
    ['vpcs: [', 'line 1, column 8'],
  ])('is refused with the place of the fault: %s', (wrong, message) => {
    expect(() => buildRegion(parseSeed(wrong))).toThrow(message)
  })
})

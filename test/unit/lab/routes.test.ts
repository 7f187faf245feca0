import { CreateRouteCommand, DescribeSecurityGroupsCommand, ReplaceRouteCommand } from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { detachInterface, setInstanceState } from '../../../src/lab/ec2/changes.ts'
import { node1, node2, seed, start, table, vip, vipRoute } from '../../support/lab-client.ts'

describe('routes', () => {
  it('are blackholes while their interface is detached, or its instance stopped, or gone', async () => {
    const { endpoint, client } = await start()
    expect(await vipRoute(client)).toMatchObject({
      State: 'active',
      InstanceId: node1.i,
      InstanceOwnerId: '123456789012',
    })
    setInstanceState(endpoint.region, node1.i, 'stopped')
    expect(await vipRoute(client)).toMatchObject({ State: 'blackhole', InstanceId: node1.i })
    setInstanceState(endpoint.region, node1.i, 'running')
    expect(await vipRoute(client)).toMatchObject({ State: 'active' })
    detachInterface(endpoint.region, node1.eni)
    expect(await vipRoute(client)).toEqual(expect.not.objectContaining({ InstanceId: node1.i }))
    expect(await vipRoute(client)).toMatchObject({ State: 'blackhole', NetworkInterfaceId: node1.eni })
    await client.send(new ReplaceRouteCommand({ ...vip, NetworkInterfaceId: node2.eni }))
    expect(await vipRoute(client)).toMatchObject({ State: 'active' })
    setInstanceState(endpoint.region, node2.i, 'terminated')
    expect(endpoint.region.interfaces.has(node2.eni)).toBe(false)
    expect(await vipRoute(client)).toMatchObject({ State: 'blackhole', NetworkInterfaceId: node2.eni })
  })

  it('change with an instance that another process stops', async () => {
    const { endpoint, client } = await start()
    const url = `${endpoint.url}/_lab/instances/${node1.i}/state`
    expect((await fetch(url, { method: 'POST', body: 'stopped' })).status).toBe(200)
    expect(await vipRoute(client)).toMatchObject({ State: 'blackhole' })
    expect((await fetch(url, { method: 'POST', body: 'asleep' })).status).toBe(400)
    expect(
      (await fetch(`${endpoint.url}/_lab/instances/i-none/state`, { method: 'POST', body: 'stopped' })).status,
    ).toBe(400)
    expect((await fetch(url)).status).toBe(404)
  })

  it('that are propagated cannot be replaced, and a static one goes beside them', async () => {
    const { endpoint, client } = await start()
    const input = { RouteTableId: table, DestinationCidrBlock: '10.60.0.0/16', NetworkInterfaceId: node1.eni }
    await expect(client.send(new ReplaceRouteCommand(input))).rejects.toMatchObject({ name: 'InvalidParameterValue' })
    await client.send(new CreateRouteCommand(input))
    await client.send(new ReplaceRouteCommand({ ...input, NetworkInterfaceId: node2.eni }))
    const routes = endpoint.region.routeTables
      .get(table)
      ?.routes.filter(({ destination }) => destination.value === '10.60.0.0/16')
    expect(routes?.map(({ origin, target }) => [origin, target.id])).toEqual([
      ['EnableVgwRoutePropagation', 'vgw-00000000000000001'],
      ['CreateRoute', node2.eni],
    ])
  })

  it('are limited to 500 of a family, propagated ones aside', async () => {
    const destinations = Array.from({ length: 498 }, (_, index) => `10.98.${index >> 8}.${index & 255}/32`)
    const routes = Object.fromEntries(destinations.map((destination) => [destination, 'db-1']))
    const lab = seed.vpcs.lab
    if (lab === undefined) throw new Error('the seed has no VPC')
    const { client } = await start({
      seed: { ...seed, vpcs: { lab: { ...lab, routeTables: { private: { id: table, routes } } } } },
    })
    const create = (DestinationCidrBlock: string) =>
      client.send(new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock, NetworkInterfaceId: node1.eni }))
    await create('10.99.0.1/32')
    await expect(create('10.99.0.2/32')).rejects.toMatchObject({ name: 'RouteLimitExceeded' })
    await client.send(
      new CreateRouteCommand({
        RouteTableId: table,
        DestinationIpv6CidrBlock: '2001:db8::1/128',
        NetworkInterfaceId: node1.eni,
      }),
    )
  })

  it("of the VPC's own range can be pointed elsewhere and back", async () => {
    const { endpoint, client } = await start()
    const local = { RouteTableId: table, DestinationCidrBlock: '10.0.0.0/16' }
    const target = () => endpoint.region.routeTables.get(table)?.routes[0]?.target.id
    await client.send(new ReplaceRouteCommand({ ...local, NetworkInterfaceId: node1.eni }))
    expect(target()).toBe(node1.eni)
    await client.send(new ReplaceRouteCommand({ ...local, LocalTarget: true }))
    expect(target()).toBe('local')
    await expect(client.send(new ReplaceRouteCommand({ ...vip, LocalTarget: true }))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    })
  })
})

describe('security groups', () => {
  it('show who may send which protocol', async () => {
    const { client } = await start()
    const { SecurityGroups } = await client.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'ip-permission.protocol', Values: ['112'] }] }),
    )
    expect(SecurityGroups).toMatchObject([
      {
        GroupName: 'db',
        IpPermissions: [{ IpProtocol: '112', UserIdGroupPairs: [{ GroupId: SecurityGroups?.[0]?.GroupId }] }],
        IpPermissionsEgress: [{ IpProtocol: '112', IpRanges: [{ CidrIp: '10.0.1.0/24' }] }],
      },
    ])
  })
})

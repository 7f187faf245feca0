import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateRouteCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  ReplaceRouteCommand,
} from '@aws-sdk/client-ec2'
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import { XMLParser } from 'fast-xml-parser'
import { afterEach, describe, expect, it } from 'vitest'
import { detachInterface, setInstanceState } from '../../src/lab/ec2/changes.ts'
import { ApiError } from '../../src/lab/ec2/errors.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { type Ec2Endpoint, type EndpointOptions, startEc2Endpoint } from '../../src/lab/ec2/server.ts'

const table = 'rtb-00000000000000001'
const node1 = { i: 'i-00000000000000001', eni: 'eni-00000000000000001' }
const node2 = { i: 'i-00000000000000002', eni: 'eni-00000000000000002' }
const vip = { RouteTableId: table, DestinationCidrBlock: '10.99.0.10/32' }

const seed: Seed = {
  vpcs: {
    lab: {
      cidrs: ['10.0.0.0/16'],
      subnets: { a: { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' } },
      securityGroups: { db: { ingress: [{ protocol: '112', from: 'db' }] } },
      instances: {
        'db-1': { id: node1.i, interfaces: [{ id: node1.eni, addresses: ['10.0.1.11'], securityGroups: ['db'] }] },
        'db-2': { id: node2.i, interfaces: [{ id: node2.eni, addresses: ['10.0.1.12'] }] },
      },
      routeTables: {
        private: {
          id: table,
          routes: { '10.99.0.10/32': 'db-1', '10.60.0.0/16': { to: 'vgw-00000000000000001', propagated: true } },
        },
      },
    },
  },
}

const endings: (() => unknown)[] = []

async function start(options: EndpointOptions = {}): Promise<{ endpoint: Ec2Endpoint; client: EC2Client }> {
  const endpoint = await startEc2Endpoint({ seed, ...options })
  const client = new EC2Client({
    endpoint: endpoint.url,
    region: endpoint.region.name,
    credentials: { accessKeyId: 'lab', secretAccessKey: 'lab' },
    maxAttempts: 1,
  })
  endings.push(() => client.destroy(), endpoint.close)
  return { endpoint, client }
}

afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

async function vipRoute(client: EC2Client) {
  const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [table] }))
  return RouteTables?.[0]?.Routes?.find((route) => route.DestinationCidrBlock === '10.99.0.10/32')
}

const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=lab/20261123/r/ec2/aws4_request, Signature=0f' }

async function post(url: string, form: Record<string, string>, headers: Record<string, string> = signed) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers })
  const xml: unknown = new XMLParser().parse(await response.text())
  return { status: response.status, date: response.headers.get('date'), xml }
}

describe('the protocol', () => {
  it('answers an unknown action as EC2 does, in its envelope and with a date', async () => {
    const { endpoint } = await start()
    const { status, date, xml } = await post(endpoint.url, { Action: 'Dance', Version: '2016-11-15' })
    expect(status).toBe(400)
    expect(Math.abs(Date.parse(date ?? '') - Date.now())).toBeLessThan(5000)
    expect(xml).toMatchObject({
      Response: {
        Errors: {
          Error: { Code: 'InvalidAction', Message: 'The action Dance is not valid for this web service.' },
        },
        RequestID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    })
  })

  it('answers an error of STS in the envelope of STS', async () => {
    const { endpoint } = await start()
    const { status, xml } = await post(endpoint.url, { Action: 'AssumeRole', Version: '2011-06-15' })
    expect(status).toBe(400)
    expect(xml).toMatchObject({
      ErrorResponse: { Error: { Type: 'Sender', Code: 'MissingParameter' }, RequestId: expect.any(String) },
    })
  })

  it('refuses a request that is not signed, and one without an action', async () => {
    const { endpoint } = await start()
    const unsigned = await post(endpoint.url, { Action: 'DescribeVpcs' }, {})
    expect(unsigned).toMatchObject({ status: 401, xml: { Response: { Errors: { Error: { Code: 'AuthFailure' } } } } })
    expect(await post(endpoint.url, {})).toMatchObject({
      status: 400,
      xml: { Response: { Errors: { Error: { Code: 'MissingAction' } } } },
    })
  })

  it('names a parameter that is missing', async () => {
    const { endpoint } = await start()
    expect(await post(endpoint.url, { Action: 'ReplaceRoute' })).toMatchObject({
      status: 400,
      xml: {
        Response: {
          Errors: {
            Error: { Code: 'MissingParameter', Message: 'The request must contain the parameter routeTableId' },
          },
        },
      },
    })
  })

  it('records requests in order, with their answers, for this process and for others', async () => {
    const { endpoint, client } = await start()
    await client.send(new ReplaceRouteCommand({ ...vip, NetworkInterfaceId: node2.eni }))
    await client.send(new DescribeRouteTablesCommand({ MaxResults: 1 })).catch(() => undefined)
    const expected = [
      { action: 'ReplaceRoute', status: 200, params: { NetworkInterfaceId: node2.eni } },
      { action: 'DescribeRouteTables', status: 400, error: 'InvalidParameterValue' },
    ]
    expect(endpoint.requests).toMatchObject(expected)
    const overHttp: unknown = await (await fetch(`${endpoint.url}/_lab/requests`)).json()
    expect(overHttp).toMatchObject(expected)
  })

  it('listens on a unix socket too, and keeps connections open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lab-'))
    endings.push(() => rm(folder, { recursive: true }))
    const socketPath = join(folder, 'ec2.sock')
    const { endpoint } = await start({ socket: socketPath })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    endings.unshift(() => agent.destroy())
    const reused: boolean[] = []
    for (const path of ['/_lab/requests', '/_lab/requests']) {
      await new Promise((resolve, reject) => {
        const request = httpRequest({ socketPath, path, agent }, (response) => response.resume().on('end', resolve))
        request.on('error', reject).end()
        request.on('socket', () => reused.push(request.reusedSocket))
      })
    }
    expect(reused).toEqual([false, true])
    expect(endpoint.requests).toEqual([])
  })

  it('answers parallel requests', async () => {
    const { endpoint, client } = await start()
    const destinations = Array.from({ length: 40 }, (_, index) => `10.99.1.${index}/32`)
    await Promise.all(
      destinations.map((DestinationCidrBlock) =>
        client.send(
          new CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock, NetworkInterfaceId: node1.eni }),
        ),
      ),
    )
    const routes = endpoint.region.routeTables.get(table)?.routes.map(({ destination }) => destination.value)
    expect(routes).toEqual(expect.arrayContaining(destinations))
  })
})

describe('an intercept', () => {
  it('delays a request until it lets it go', async () => {
    const order: string[] = []
    const { client } = await start({
      intercept: async ({ action }) => {
        if (action === 'ReplaceRoute') await client.send(new DescribeSecurityGroupsCommand())
        order.push(action)
      },
    })
    await client.send(new ReplaceRouteCommand({ ...vip, NetworkInterfaceId: node2.eni }))
    expect(order).toEqual(['DescribeSecurityGroups', 'ReplaceRoute'])
  })

  it('answers with the error that it throws, and nothing is written', async () => {
    const { client } = await start({
      intercept: ({ action }) => {
        if (action === 'ReplaceRoute') throw new ApiError('RequestLimitExceeded', 'Request limit exceeded.', 503)
      },
    })
    await expect(client.send(new ReplaceRouteCommand({ ...vip, NetworkInterfaceId: node2.eni }))).rejects.toMatchObject(
      {
        name: 'RequestLimitExceeded',
        $metadata: { httpStatusCode: 503 },
      },
    )
    expect(await vipRoute(client)).toMatchObject({ NetworkInterfaceId: node1.eni })
  })
})

describe('permission', () => {
  it('is refused for the table that is denied, and before a dry run', async () => {
    const { client } = await start({ seed: { ...seed, deny: [{ action: 'ReplaceRoute', resource: 'private' }] } })
    for (const DryRun of [false, true]) {
      await expect(
        client.send(new ReplaceRouteCommand({ ...vip, NetworkInterfaceId: node2.eni, DryRun })),
      ).rejects.toMatchObject({
        name: 'UnauthorizedOperation',
        message: expect.stringMatching(
          /^You are not authorized to perform this operation\. User: arn:aws:iam::123456789012:user\/lab is not authorized to perform: ec2:ReplaceRoute on resource: arn:aws:ec2:ap-northeast-1:123456789012:route-table\/rtb-00000000000000001 .* Encoded authorization failure message: [\w-]+$/,
        ),
        $metadata: { httpStatusCode: 403 },
      })
    }
    expect(await vipRoute(client)).toMatchObject({ NetworkInterfaceId: node1.eni })
  })

  it('of a role is asked for by name', async () => {
    const { endpoint } = await start({ seed: { ...seed, deny: [{ action: 'DescribeRouteTables' }] } })
    const client = new EC2Client({
      endpoint: endpoint.url,
      region: endpoint.region.name,
      maxAttempts: 1,
      credentials: fromTemporaryCredentials({
        masterCredentials: { accessKeyId: 'lab', secretAccessKey: 'lab' },
        params: { RoleArn: 'arn:aws:iam::210987654321:role/route-switch', RoleSessionName: 'node-1' },
        clientConfig: { endpoint: endpoint.url, region: endpoint.region.name },
      }),
    })
    endings.unshift(() => client.destroy())
    await expect(vipRoute(client)).rejects.toThrow(
      'User: arn:aws:sts::210987654321:assumed-role/route-switch/node-1 is not authorized to perform: ec2:DescribeRouteTables',
    )
    expect(endpoint.requests.map(({ action }) => action)).toEqual(['AssumeRole', 'DescribeRouteTables'])
  })
})

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
      },
    ])
  })
})

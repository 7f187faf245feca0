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
import { describe, expect, it, onTestFinished } from 'vitest'
import { ApiError } from '../../../src/lab/ec2/errors.ts'
import { node1, node2, seed, start, table, vip, vipRoute } from '../../support/lab-client.ts'

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
    onTestFinished(() => rm(folder, { recursive: true }))
    const socketPath = join(folder, 'ec2.sock')
    const { endpoint } = await start({ socket: socketPath })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
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
    onTestFinished(() => client.destroy())
    await expect(vipRoute(client)).rejects.toThrow(
      'User: arn:aws:sts::210987654321:assumed-role/route-switch/node-1 is not authorized to perform: ec2:DescribeRouteTables',
    )
    expect(endpoint.requests.map(({ action }) => action)).toEqual(['AssumeRole', 'DescribeRouteTables'])
  })
})

import { DescribeRouteTablesCommand, paginateDescribeRouteTables } from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import { type Behaviour, refusal, type Target } from './target.ts'

/** The ids of the tables of the fixture's VPC that filters let through, in order. */
async function tablesBy({ client, fixture }: Target, ...filters: { Name: string; Values: string[] }[]) {
  const Filters = [{ Name: 'vpc-id', Values: [fixture.vpcId] }, ...filters]
  const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ Filters }))
  return (RouteTables ?? []).map(({ RouteTableId }) => RouteTableId).sort()
}

/** The message of a call that ends without an answer of the API. */
async function failure(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'no failure',
    (error: unknown) => String(error),
  )
}

/** How route tables are listed: filters and pages. */
export const tableBehaviours: Behaviour[] = [
  {
    name: 'tables by tag, by tag key, and by a value with wildcards',
    ec2: async (target) => {
      const { tableId, tableIds } = target.fixture
      const all = [tableId, ...tableIds].sort()
      expect(await tablesBy(target, { Name: 'tag:role', Values: ['private'] })).toEqual(all)
      expect(await tablesBy(target, { Name: 'tag-key', Values: ['role'] })).toEqual(all)
      expect(await tablesBy(target, { Name: 'tag:Name', Values: ['private-?'] })).toEqual(all)
      expect(await tablesBy(target, { Name: 'tag:Name', Values: ['*-1', 'none'] })).toEqual([tableId])
      expect(await tablesBy(target, { Name: 'tag:Name', Values: ['private'] })).toEqual([])
    },
  },
  {
    name: 'every filter must match',
    ec2: async (target) => {
      const role = { Name: 'tag:role', Values: ['private'] }
      expect(await tablesBy(target, role, { Name: 'tag:Name', Values: ['private-1'] })).toEqual([
        target.fixture.tableId,
      ])
      expect(await tablesBy(target, role, { Name: 'association.main', Values: ['true'] })).toEqual([])
    },
  },
  {
    name: "a VPC has a main table with the VPC's own route",
    ec2: async (target) => {
      const { client, fixture } = target
      const [mainTable] = await tablesBy(target, { Name: 'association.main', Values: ['true'] })
      const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [mainTable ?? ''] }))
      expect(RouteTables).toMatchObject([
        {
          VpcId: fixture.vpcId,
          Associations: [{ Main: true }],
          Routes: [
            { DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' },
          ],
        },
      ])
    },
  },
  {
    name: 'an unknown filter',
    ec2: async (target) => {
      expect(await refusal(tablesBy(target, { Name: 'colour', Values: ['red'] }))).toEqual({
        code: 'InvalidParameterValue',
        message: "The filter 'colour' is invalid",
        status: 400,
      })
    },
    moto: {
      why: 'fails with a page of HTML',
      does: async (target) => {
        expect(await failure(tablesBy(target, { Name: 'colour', Values: ['red'] }))).toContain('XML parse error')
      },
    },
  },
  {
    name: 'tables by the state of a route',
    ec2: async (target) => {
      expect(await tablesBy(target, { Name: 'route.state', Values: ['active'] })).toContain(target.fixture.tableId)
    },
    moto: {
      why: 'fails with a page of HTML',
      does: async (target) => {
        expect(await failure(tablesBy(target, { Name: 'route.state', Values: ['active'] }))).toContain(
          'XML parse error',
        )
      },
    },
  },
  {
    name: 'pages',
    ec2: async ({ client, fixture }) => {
      const sizes: number[] = []
      const Filters = [{ Name: 'tag:role', Values: ['private'] }]
      const found: (string | undefined)[] = []
      for await (const { RouteTables = [] } of paginateDescribeRouteTables({ client, pageSize: 5 }, { Filters })) {
        sizes.push(RouteTables.length)
        found.push(...RouteTables.map(({ RouteTableId }) => RouteTableId))
      }
      expect(sizes).toEqual([5, 2])
      expect(found.sort()).toEqual([fixture.tableId, ...fixture.tableIds].sort())
    },
    moto: {
      why: 'ignores MaxResults',
      does: async ({ client }) => {
        const { RouteTables, NextToken } = await client.send(
          new DescribeRouteTablesCommand({ MaxResults: 5, Filters: [{ Name: 'tag:role', Values: ['private'] }] }),
        )
        expect(RouteTables).toHaveLength(7)
        expect(NextToken).toBeUndefined()
      },
    },
  },
  {
    name: 'a page of a size that is not allowed, and a token that was never given',
    ec2: async ({ client }) => {
      for (const MaxResults of [4, 101]) {
        expect(await refusal(client.send(new DescribeRouteTablesCommand({ MaxResults })))).toMatchObject({
          code: 'InvalidParameterValue',
          status: 400,
        })
      }
      expect(await refusal(client.send(new DescribeRouteTablesCommand({ NextToken: 'dG9rZW4' })))).toMatchObject({
        code: 'InvalidParameterValue',
        status: 400,
      })
    },
    moto: {
      why: 'ignores both',
      does: async ({ client }) => {
        await client.send(new DescribeRouteTablesCommand({ MaxResults: 4 }))
        await client.send(new DescribeRouteTablesCommand({ NextToken: 'dG9rZW4' }))
      },
    },
  },
]

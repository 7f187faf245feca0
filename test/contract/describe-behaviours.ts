import {
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  paginateDescribeRouteTables,
} from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import { type Behaviour, refusal, type Target } from './target.ts'

/** The ids of the tables of the fixture's VPC that filters let through, in order. */
async function tablesBy({ client, fixture }: Target, ...filters: { Name: string; Values: string[] }[]) {
  const Filters = [{ Name: 'vpc-id', Values: [fixture.vpcId] }, ...filters]
  const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ Filters }))
  return (RouteTables ?? []).map(({ RouteTableId }) => RouteTableId).sort()
}

async function interfacesBy({ client }: Target, Name: string, Value: string) {
  const { NetworkInterfaces } = await client.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values: [Value] }] }),
  )
  return (NetworkInterfaces ?? []).map(({ NetworkInterfaceId }) => NetworkInterfaceId)
}

/** The message of a call that ends without an answer of the API. */
async function failure(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'no failure',
    (error: unknown) => String(error),
  )
}

const unknown = '0123456789abcdef0'

export const describeBehaviours: Behaviour[] = [
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
  {
    name: 'ids and a page size together',
    ec2: async ({ client, fixture }) => {
      const command = new DescribeInstancesCommand({ InstanceIds: [fixture.instanceIds[0]], MaxResults: 5 })
      expect(await refusal(client.send(command))).toMatchObject({ code: 'InvalidParameterCombination', status: 400 })
    },
  },
  {
    name: 'interfaces by their instance, and what they show',
    ec2: async (target) => {
      const [instanceId] = target.fixture.instanceIds
      const [interfaceId] = target.fixture.interfaceIds
      expect(await interfacesBy(target, 'attachment.instance-id', instanceId)).toEqual([interfaceId])
      const { NetworkInterfaces } = await target.client.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [interfaceId] }),
      )
      expect(NetworkInterfaces).toMatchObject([
        {
          NetworkInterfaceId: interfaceId,
          VpcId: target.fixture.vpcId,
          SubnetId: target.fixture.subnetIds[0],
          Status: 'in-use',
          Attachment: { InstanceId: instanceId, DeviceIndex: 0, Status: 'attached' },
        },
      ])
    },
  },
  {
    name: 'an interface by an address',
    ec2: async (target) => {
      const [interfaceId] = target.fixture.interfaceIds
      const { NetworkInterfaces } = await target.client.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [interfaceId] }),
      )
      const address = NetworkInterfaces?.[0]?.PrivateIpAddress ?? ''
      expect(address).toMatch(/^10\.0\.1\./)
      expect(await interfacesBy(target, 'addresses.private-ip-address', address)).toEqual([interfaceId])
      expect(await interfacesBy(target, 'private-ip-address', address)).toEqual([interfaceId])
    },
  },
  {
    name: 'an instance by its Name and state, with its interfaces',
    ec2: async ({ client, fixture }) => {
      const { Reservations } = await client.send(
        new DescribeInstancesCommand({
          Filters: [
            { Name: 'tag:Name', Values: ['node-2'] },
            { Name: 'instance-state-name', Values: ['pending', 'running'] },
          ],
        }),
      )
      expect(Reservations?.flatMap(({ Instances }) => Instances)).toMatchObject([
        {
          InstanceId: fixture.instanceIds[1],
          State: { Code: 16, Name: 'running' },
          VpcId: fixture.vpcId,
          SubnetId: fixture.subnetIds[1],
          Placement: { AvailabilityZone: 'ap-northeast-1c' },
          NetworkInterfaces: [{ NetworkInterfaceId: fixture.interfaceIds[1], Attachment: { DeviceIndex: 0 } }],
        },
      ])
    },
  },
  {
    name: 'all interfaces of an instance',
    ec2: async ({ client, fixture }) => {
      const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [fixture.twoInterfaces] }))
      const interfaces = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces
      expect(interfaces?.map(({ Attachment }) => Attachment?.DeviceIndex)).toEqual([0, 1])
    },
  },
  {
    name: 'the status of a running instance',
    ec2: async ({ client, fixture }) => {
      const [instanceId] = fixture.instanceIds
      const { InstanceStatuses } = await client.send(new DescribeInstanceStatusCommand({ InstanceIds: [instanceId] }))
      expect(InstanceStatuses).toMatchObject([
        {
          InstanceId: instanceId,
          AvailabilityZone: 'ap-northeast-1a',
          InstanceState: { Name: 'running' },
          InstanceStatus: { Status: 'ok' },
          SystemStatus: { Status: 'ok' },
        },
      ])
    },
  },
  {
    name: 'the VPC, its subnets, its default security group',
    ec2: async ({ client, fixture }) => {
      const { vpcId, subnetIds } = fixture
      const Filters = [{ Name: 'vpc-id', Values: [vpcId] }]
      const { Vpcs } = await client.send(new DescribeVpcsCommand({ VpcIds: [vpcId] }))
      expect(Vpcs).toMatchObject([{ VpcId: vpcId, CidrBlock: '10.0.0.0/16', State: 'available' }])
      const { Subnets } = await client.send(new DescribeSubnetsCommand({ Filters }))
      expect(Subnets?.map(({ SubnetId }) => SubnetId).sort()).toEqual([...subnetIds].sort())
      const { SecurityGroups } = await client.send(new DescribeSecurityGroupsCommand({ Filters }))
      expect(SecurityGroups).toMatchObject([{ GroupName: 'default', VpcId: vpcId }])
    },
  },
  {
    name: 'unknown ids',
    ec2: async ({ client }) => {
      const calls = {
        'InvalidInstanceID.NotFound': client.send(new DescribeInstancesCommand({ InstanceIds: [`i-${unknown}`] })),
        'InvalidNetworkInterfaceID.NotFound': client.send(
          new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [`eni-${unknown}`] }),
        ),
        'InvalidRouteTableID.NotFound': client.send(
          new DescribeRouteTablesCommand({ RouteTableIds: [`rtb-${unknown}`] }),
        ),
        'InvalidGroup.NotFound': client.send(new DescribeSecurityGroupsCommand({ GroupIds: [`sg-${unknown}`] })),
        'InvalidSubnetID.NotFound': client.send(new DescribeSubnetsCommand({ SubnetIds: [`subnet-${unknown}`] })),
        'InvalidVpcID.NotFound': client.send(new DescribeVpcsCommand({ VpcIds: [`vpc-${unknown}`] })),
      }
      const refusals = await Promise.all(Object.values(calls).map(refusal))
      expect(refusals.map(({ code }) => code)).toEqual(Object.keys(calls))
    },
  },
]

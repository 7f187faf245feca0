import {
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import { tableBehaviours } from './table-behaviours.ts'
import { type Behaviour, refusal, type Target } from './target.ts'

async function interfacesBy({ client }: Target, Name: string, Value: string) {
  const { NetworkInterfaces } = await client.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values: [Value] }] }),
  )
  return (NetworkInterfaces ?? []).map(({ NetworkInterfaceId }) => NetworkInterfaceId)
}

const unknown = '0123456789abcdef0'

export const describeBehaviours: Behaviour[] = [
  ...tableBehaviours,
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
    name: 'how an instance lets its metadata be asked',
    ec2: async ({ client, fixture }) => {
      const [instanceId] = fixture.instanceIds
      const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }))
      const options = Reservations?.[0]?.Instances?.[0]?.MetadataOptions
      expect(options).toMatchObject({ State: 'applied', HttpEndpoint: 'enabled' })
      expect(options?.HttpTokens).toMatch(/^(required|optional)$/)
      expect(options?.HttpPutResponseHopLimit).toBeGreaterThan(0)
    },
  },
  {
    name: 'the rules of a security group, in and out',
    ec2: async ({ client, fixture }) => {
      const Filters = [
        { Name: 'vpc-id', Values: [fixture.vpcId] },
        { Name: 'group-name', Values: ['default'] },
      ]
      const { SecurityGroups } = await client.send(new DescribeSecurityGroupsCommand({ Filters, MaxResults: 100 }))
      const [group] = SecurityGroups ?? []
      expect(group?.IpPermissions).toMatchObject([
        { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: group?.GroupId }], IpRanges: [] },
      ])
      expect(group?.IpPermissionsEgress).toMatchObject([{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }])
    },
    moto: {
      why: 'its default group lets nobody in',
      does: async ({ client, fixture }) => {
        const Filters = [{ Name: 'vpc-id', Values: [fixture.vpcId] }]
        const { SecurityGroups } = await client.send(new DescribeSecurityGroupsCommand({ Filters, MaxResults: 100 }))
        expect(SecurityGroups).toMatchObject([
          { IpPermissions: [], IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] },
        ])
      },
    },
  },
  {
    name: 'subnets by id and by page',
    ec2: async ({ client, fixture }) => {
      const [SubnetId, other] = fixture.subnetIds
      const Filters = [{ Name: 'subnet-id', Values: [SubnetId, other] }]
      const { Subnets } = await client.send(new DescribeSubnetsCommand({ Filters, MaxResults: 100 }))
      expect(
        Subnets?.map(({ CidrBlock, AvailabilityZone, VpcId }) => [CidrBlock, AvailabilityZone, VpcId]).sort(),
      ).toEqual([
        ['10.0.1.0/24', 'ap-northeast-1a', fixture.vpcId],
        ['10.0.2.0/24', 'ap-northeast-1c', fixture.vpcId],
      ])
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

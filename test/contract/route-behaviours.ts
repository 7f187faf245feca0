import {
  CreateRouteCommand,
  DeleteRouteCommand,
  DescribeRouteTablesCommand,
  ReplaceRouteCommand,
  type Route,
} from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import { type Behaviour, refusal, type Target } from './target.ts'

/** The route of a destination in the fixture's table. */
async function routeOf({ client, fixture }: Target, destination: string): Promise<Route | undefined> {
  const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [fixture.tableId] }))
  return RouteTables?.[0]?.Routes?.find(
    (route) =>
      route.DestinationCidrBlock === destination ||
      route.DestinationIpv6CidrBlock === destination ||
      route.DestinationPrefixListId === destination,
  )
}

function create({ client, fixture }: Target, input: Partial<CreateRouteCommand['input']>) {
  return client.send(
    new CreateRouteCommand({ RouteTableId: fixture.tableId, NetworkInterfaceId: fixture.interfaceIds[0], ...input }),
  )
}

function replace({ client, fixture }: Target, input: Partial<ReplaceRouteCommand['input']>) {
  return client.send(new ReplaceRouteCommand({ RouteTableId: fixture.tableId, ...input }))
}

const unknown = '0123456789abcdef0'

export const routeBehaviours: Behaviour[] = [
  {
    name: 'ReplaceRoute points a route at another interface, and the instance behind it is shown too',
    ec2: async (target) => {
      const [first, second] = target.fixture.interfaceIds
      await create(target, { DestinationCidrBlock: '10.99.0.1/32', NetworkInterfaceId: first })
      await replace(target, { DestinationCidrBlock: '10.99.0.1/32', NetworkInterfaceId: second })
      expect(await routeOf(target, '10.99.0.1/32')).toMatchObject({
        NetworkInterfaceId: second,
        InstanceId: target.fixture.instanceIds[1],
        State: 'active',
        Origin: 'CreateRoute',
      })
    },
    moto: {
      why: 'shows the interface alone',
      does: async (target) => {
        const [first, second] = target.fixture.interfaceIds
        await create(target, { DestinationCidrBlock: '10.99.0.1/32', NetworkInterfaceId: first })
        await replace(target, { DestinationCidrBlock: '10.99.0.1/32', NetworkInterfaceId: second })
        const route = await routeOf(target, '10.99.0.1/32')
        expect(route).toMatchObject({ NetworkInterfaceId: second, State: 'active', Origin: 'CreateRoute' })
        expect(route?.InstanceId).toBeUndefined()
      },
    },
  },
  {
    name: 'a route by instance is one to its only interface',
    ec2: async (target) => {
      const [, instanceId] = target.fixture.instanceIds
      await create(target, { DestinationCidrBlock: '10.99.0.2/32' })
      await replace(target, { DestinationCidrBlock: '10.99.0.2/32', InstanceId: instanceId })
      expect(await routeOf(target, '10.99.0.2/32')).toMatchObject({
        NetworkInterfaceId: target.fixture.interfaceIds[1],
        InstanceId: instanceId,
      })
    },
    moto: {
      why: 'keeps the instance, without its interface',
      does: async (target) => {
        const [, instanceId] = target.fixture.instanceIds
        await create(target, { DestinationCidrBlock: '10.99.0.2/32' })
        await replace(target, { DestinationCidrBlock: '10.99.0.2/32', InstanceId: instanceId })
        const route = await routeOf(target, '10.99.0.2/32')
        expect(route?.InstanceId).toBe(instanceId)
        expect(route?.NetworkInterfaceId).toBeUndefined()
      },
    },
  },
  {
    name: 'an instance with two interfaces is no target',
    ec2: async (target) => {
      const { twoInterfaces } = target.fixture
      await create(target, { DestinationCidrBlock: '10.99.0.3/32' })
      expect(
        await refusal(replace(target, { DestinationCidrBlock: '10.99.0.3/32', InstanceId: twoInterfaces })),
      ).toEqual({
        code: 'InvalidInstanceID',
        message: `There are multiple interfaces attached to instance '${twoInterfaces}'. Please specify an interface ID for the operation instead.`,
        status: 400,
      })
    },
    moto: {
      why: 'does not look at interfaces',
      does: async (target) => {
        await create(target, { DestinationCidrBlock: '10.99.0.3/32' })
        await replace(target, { DestinationCidrBlock: '10.99.0.3/32', InstanceId: target.fixture.twoInterfaces })
      },
    },
  },
  {
    name: 'an interface of another VPC is no target',
    ec2: async (target) => {
      const { foreignInterfaceId } = target.fixture
      await create(target, { DestinationCidrBlock: '10.99.0.4/32' })
      expect(
        await refusal(
          replace(target, { DestinationCidrBlock: '10.99.0.4/32', NetworkInterfaceId: foreignInterfaceId }),
        ),
      ).toMatchObject({ code: 'InvalidParameterValue', status: 400 })
    },
    moto: {
      why: 'does not compare the networks',
      does: async (target) => {
        const { foreignInterfaceId } = target.fixture
        await create(target, { DestinationCidrBlock: '10.99.0.4/32' })
        await replace(target, { DestinationCidrBlock: '10.99.0.4/32', NetworkInterfaceId: foreignInterfaceId })
      },
    },
  },
  {
    name: 'ReplaceRoute of a route that is not there says to create it',
    ec2: async (target) => {
      const [NetworkInterfaceId] = target.fixture.interfaceIds
      expect(await refusal(replace(target, { DestinationCidrBlock: '10.99.9.9/32', NetworkInterfaceId }))).toEqual({
        code: 'InvalidParameterValue',
        message: "There is no route defined for '10.99.9.9/32' in the route table. Use CreateRoute instead.",
        status: 400,
      })
    },
  },
  {
    name: 'an unknown route table',
    ec2: async (target) => {
      const input = { DestinationCidrBlock: '10.99.0.1/32', NetworkInterfaceId: target.fixture.interfaceIds[0] }
      expect(await refusal(replace(target, { ...input, RouteTableId: `rtb-${unknown}` }))).toEqual({
        code: 'InvalidRouteTableID.NotFound',
        message: `The routeTable ID 'rtb-${unknown}' does not exist`,
        status: 400,
      })
    },
  },
  {
    name: 'a malformed route table id',
    ec2: async (target) => {
      const input = { DestinationCidrBlock: '10.99.0.1/32', NetworkInterfaceId: target.fixture.interfaceIds[0] }
      expect(await refusal(replace(target, { ...input, RouteTableId: 'rtb-main' }))).toMatchObject({
        code: 'InvalidRouteTableId.Malformed',
        status: 400,
      })
    },
    moto: {
      why: 'does not look at the form of ids',
      does: async (target) => {
        const input = { DestinationCidrBlock: '10.99.0.1/32', NetworkInterfaceId: target.fixture.interfaceIds[0] }
        expect(await refusal(replace(target, { ...input, RouteTableId: 'rtb-main' }))).toMatchObject({
          code: 'InvalidRouteTableID.NotFound',
        })
      },
    },
  },
  {
    name: 'an unknown interface',
    ec2: async (target) => {
      await create(target, { DestinationCidrBlock: '10.99.0.5/32' })
      const NetworkInterfaceId = `eni-${unknown}`
      expect(await refusal(replace(target, { DestinationCidrBlock: '10.99.0.5/32', NetworkInterfaceId }))).toEqual({
        code: 'InvalidNetworkInterfaceID.NotFound',
        message: `The networkInterface ID 'eni-${unknown}' does not exist`,
        status: 400,
      })
    },
  },
  {
    name: 'neither a target nor two',
    ec2: async (target) => {
      const DestinationCidrBlock = '10.99.0.6/32'
      const [NetworkInterfaceId] = target.fixture.interfaceIds
      const [InstanceId] = target.fixture.instanceIds
      await create(target, { DestinationCidrBlock })
      expect(await refusal(replace(target, { DestinationCidrBlock }))).toMatchObject({ code: 'MissingParameter' })
      expect(await refusal(replace(target, { DestinationCidrBlock, NetworkInterfaceId, InstanceId }))).toMatchObject({
        code: 'InvalidParameterCombination',
      })
    },
    moto: {
      why: 'accepts any number of targets',
      does: async (target) => {
        const DestinationCidrBlock = '10.99.0.6/32'
        const [NetworkInterfaceId] = target.fixture.interfaceIds
        const [InstanceId] = target.fixture.instanceIds
        await create(target, { DestinationCidrBlock })
        await replace(target, { DestinationCidrBlock })
        await replace(target, { DestinationCidrBlock, NetworkInterfaceId, InstanceId })
      },
    },
  },
  {
    name: 'CreateRoute over a static route',
    ec2: async (target) => {
      const [, NetworkInterfaceId] = target.fixture.interfaceIds
      await create(target, { DestinationCidrBlock: '10.99.0.7/32' })
      expect(await refusal(create(target, { DestinationCidrBlock: '10.99.0.7/32', NetworkInterfaceId }))).toEqual({
        code: 'RouteAlreadyExists',
        message: 'The route identified by 10.99.0.7/32 already exists.',
        status: 400,
      })
    },
    moto: {
      why: 'overwrites it',
      does: async (target) => {
        const [, NetworkInterfaceId] = target.fixture.interfaceIds
        await create(target, { DestinationCidrBlock: '10.99.0.7/32' })
        await create(target, { DestinationCidrBlock: '10.99.0.7/32', NetworkInterfaceId })
        expect(await routeOf(target, '10.99.0.7/32')).toMatchObject({ NetworkInterfaceId })
      },
    },
  },
  {
    name: "CreateRoute over the VPC's own route",
    ec2: async (target) => {
      expect(await refusal(create(target, { DestinationCidrBlock: '10.0.0.0/16' }))).toMatchObject({
        code: 'RouteAlreadyExists',
      })
    },
    moto: {
      why: 'overwrites it',
      does: async (target) => {
        await create(target, { DestinationCidrBlock: '10.0.0.0/16' })
        expect(await routeOf(target, '10.0.0.0/16')).toMatchObject({
          NetworkInterfaceId: target.fixture.interfaceIds[0],
        })
      },
    },
  },
  {
    name: "a destination within the VPC's range that is no subnet's",
    ec2: async (target) => {
      expect(await refusal(create(target, { DestinationCidrBlock: '10.0.1.200/32' }))).toMatchObject({
        code: 'InvalidParameterValue',
        status: 400,
      })
    },
    moto: {
      why: 'accepts it',
      does: async (target) => {
        await create(target, { DestinationCidrBlock: '10.0.1.200/32' })
      },
    },
  },
  {
    name: "a whole subnet's destination, for an interface and not for a gateway",
    ec2: async (target) => {
      const { client, fixture } = target
      const toGateway = new CreateRouteCommand({
        RouteTableId: fixture.tableId,
        DestinationCidrBlock: '10.0.2.0/24',
        GatewayId: fixture.gatewayId,
      })
      expect(await refusal(client.send(toGateway))).toEqual({
        code: 'InvalidParameterValue',
        message:
          "The destination CIDR block 10.0.2.0/24 is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.",
        status: 400,
      })
      await create(target, { DestinationCidrBlock: '10.0.2.0/24' })
      expect(await routeOf(target, '10.0.2.0/24')).toMatchObject({ NetworkInterfaceId: fixture.interfaceIds[0] })
    },
    moto: {
      why: 'accepts both',
      does: async (target) => {
        const { client, fixture } = target
        const input = { RouteTableId: fixture.tableId, DestinationCidrBlock: '10.0.2.0/24' }
        await client.send(new CreateRouteCommand({ ...input, GatewayId: fixture.gatewayId }))
        await create(target, { DestinationCidrBlock: '10.0.2.0/24' })
      },
    },
  },
  {
    name: 'host bits of a destination are masked',
    ec2: async (target) => {
      await create(target, { DestinationCidrBlock: '100.68.0.18/18' })
      expect(await routeOf(target, '100.68.0.0/18')).toMatchObject({
        NetworkInterfaceId: target.fixture.interfaceIds[0],
      })
    },
    moto: {
      why: 'keeps them',
      does: async (target) => {
        await create(target, { DestinationCidrBlock: '100.68.0.18/18' })
        expect(await routeOf(target, '100.68.0.0/18')).toBeUndefined()
      },
    },
  },
  {
    name: 'an IPv6 destination is shown in its short form and found by another',
    ec2: async (target) => {
      const [, NetworkInterfaceId] = target.fixture.interfaceIds
      await create(target, { DestinationIpv6CidrBlock: '2001:DB8:99:0:0::10/128' })
      await replace(target, { DestinationIpv6CidrBlock: '2001:db8:99:0::10/128', NetworkInterfaceId })
      expect(await routeOf(target, '2001:db8:99::10/128')).toMatchObject({ NetworkInterfaceId })
    },
    moto: {
      why: 'compares destinations as text',
      does: async (target) => {
        const [, NetworkInterfaceId] = target.fixture.interfaceIds
        await create(target, { DestinationIpv6CidrBlock: '2001:DB8:99:0:0::10/128' })
        expect(
          await refusal(replace(target, { DestinationIpv6CidrBlock: '2001:db8:99::10/128', NetworkInterfaceId })),
        ).toMatchObject({ code: 'InvalidParameterValue' })
      },
    },
  },
  {
    name: 'a destination that is no CIDR, or one of the other family',
    ec2: async (target) => {
      for (const DestinationCidrBlock of ['10.99.0.10', '::/0', '10.99.0.10/33', 'vip']) {
        expect(await refusal(create(target, { DestinationCidrBlock }))).toEqual({
          code: 'InvalidParameterValue',
          message: `Value (${DestinationCidrBlock}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.`,
          status: 400,
        })
      }
    },
    moto: {
      why: 'accepts any text',
      does: async (target) => {
        for (const DestinationCidrBlock of ['10.99.0.10', '::/0', '10.99.0.10/33', 'vip']) {
          await create(target, { DestinationCidrBlock })
        }
      },
    },
  },
  {
    name: 'a prefix list is a destination',
    ec2: async (target) => {
      const { prefixListId, interfaceIds } = target.fixture
      await create(target, { DestinationPrefixListId: prefixListId })
      await replace(target, { DestinationPrefixListId: prefixListId, NetworkInterfaceId: interfaceIds[1] })
      expect(await routeOf(target, prefixListId)).toMatchObject({ NetworkInterfaceId: interfaceIds[1] })
    },
    moto: {
      why: 'forgets it',
      does: async (target) => {
        const { prefixListId, interfaceIds } = target.fixture
        await create(target, { DestinationPrefixListId: prefixListId })
        expect(await routeOf(target, prefixListId)).toBeUndefined()
        expect(
          await refusal(
            replace(target, { DestinationPrefixListId: prefixListId, NetworkInterfaceId: interfaceIds[1] }),
          ),
        ).toMatchObject({ code: 'InvalidParameterValue' })
      },
    },
  },
  {
    name: 'DeleteRoute, and again',
    ec2: async (target) => {
      const { client, fixture } = target
      const input = { RouteTableId: fixture.tableId, DestinationCidrBlock: '10.99.0.8/32' }
      await create(target, { DestinationCidrBlock: input.DestinationCidrBlock })
      await client.send(new DeleteRouteCommand(input))
      expect(await routeOf(target, '10.99.0.8/32')).toBeUndefined()
      expect(await refusal(client.send(new DeleteRouteCommand(input)))).toEqual({
        code: 'InvalidRoute.NotFound',
        message: `no route with destination-cidr-block 10.99.0.8/32 in route table ${fixture.tableId}`,
        status: 400,
      })
    },
  },
  {
    name: 'a permitted dry run is an error, and writes nothing',
    ec2: async (target) => {
      const [first, second] = target.fixture.interfaceIds
      await create(target, { DestinationCidrBlock: '10.99.0.9/32' })
      const input = { DestinationCidrBlock: '10.99.0.9/32', NetworkInterfaceId: second, DryRun: true }
      expect(await refusal(replace(target, input))).toEqual({
        code: 'DryRunOperation',
        message: 'Request would have succeeded, but DryRun flag is set.',
        status: 412,
      })
      expect(await routeOf(target, '10.99.0.9/32')).toMatchObject({ NetworkInterfaceId: first })
    },
    moto: {
      why: 'executes it',
      does: async (target) => {
        const [, second] = target.fixture.interfaceIds
        await create(target, { DestinationCidrBlock: '10.99.0.9/32' })
        await replace(target, { DestinationCidrBlock: '10.99.0.9/32', NetworkInterfaceId: second, DryRun: true })
        expect(await routeOf(target, '10.99.0.9/32')).toMatchObject({ NetworkInterfaceId: second })
      },
    },
  },
  {
    name: 'a route to an instance that is not running is a blackhole',
    ec2: async (target) => {
      const { instanceId, interfaceId } = target.fixture.stoppable
      await create(target, { DestinationCidrBlock: '10.99.0.12/32', NetworkInterfaceId: interfaceId })
      expect(await routeOf(target, '10.99.0.12/32')).toMatchObject({ State: 'active' })
      await target.stopInstance(instanceId)
      expect(await routeOf(target, '10.99.0.12/32')).toMatchObject({ State: 'blackhole' })
    },
    moto: {
      why: 'never says so',
      does: async (target) => {
        const { instanceId, interfaceId } = target.fixture.stoppable
        await create(target, { DestinationCidrBlock: '10.99.0.12/32', NetworkInterfaceId: interfaceId })
        await target.stopInstance(instanceId)
        expect(await routeOf(target, '10.99.0.12/32')).toMatchObject({ State: 'active' })
      },
    },
  },
]

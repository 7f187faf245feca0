import { expect } from 'vitest'
import { create, replace, routeOf } from './route-calls.ts'
import { type Behaviour, refusal } from './target.ts'

const unknown = '0123456789abcdef0'

/** What a route may point to, and which ids are refused. */
export const routeTargetBehaviours: Behaviour[] = [
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
]

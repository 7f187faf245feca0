import { CreateRouteCommand } from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import { create, replace, routeOf } from './route-calls.ts'
import { type Behaviour, refusal } from './target.ts'

/** Which destinations a route may have, and how they are compared. */
export const routeDestinationBehaviours: Behaviour[] = [
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
]

import { DeleteRouteCommand } from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import { create, replace, routeOf } from './route-calls.ts'
import { routeDestinationBehaviours } from './route-destination-behaviours.ts'
import { routeTargetBehaviours } from './route-target-behaviours.ts'
import { type Behaviour, refusal } from './target.ts'

export const routeBehaviours: Behaviour[] = [
  ...routeTargetBehaviours,
  ...routeDestinationBehaviours,
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

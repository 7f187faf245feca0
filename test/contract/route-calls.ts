/** The calls about routes that several behaviours need, on the fixture's table. */
import { CreateRouteCommand, DescribeRouteTablesCommand, ReplaceRouteCommand, type Route } from '@aws-sdk/client-ec2'
import type { Target } from './target.ts'

/** The route of a destination in the fixture's table. */
export async function routeOf({ client, fixture }: Target, destination: string): Promise<Route | undefined> {
  const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [fixture.tableId] }))
  return RouteTables?.[0]?.Routes?.find(
    (route) =>
      route.DestinationCidrBlock === destination ||
      route.DestinationIpv6CidrBlock === destination ||
      route.DestinationPrefixListId === destination,
  )
}

/** Creates a route, to the first interface unless told otherwise. */
export function create({ client, fixture }: Target, input: Partial<CreateRouteCommand['input']>) {
  return client.send(
    new CreateRouteCommand({ RouteTableId: fixture.tableId, NetworkInterfaceId: fixture.interfaceIds[0], ...input }),
  )
}

export function replace({ client, fixture }: Target, input: Partial<ReplaceRouteCommand['input']>) {
  return client.send(new ReplaceRouteCommand({ RouteTableId: fixture.tableId, ...input }))
}

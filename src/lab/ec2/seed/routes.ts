import { parseCidr } from '../addresses.ts'
import { type Destination, idFor, type Route, type RouteTarget, routeTarget } from '../model.ts'
import { add, interfaceId, type Place, subnetId } from './place.ts'
import type { VpcSeed } from './schema.ts'
import { SeedError } from './seed.ts'

type TableSeed = VpcSeed['routeTables'][string]

/** Adds a VPC's route tables, each with a local route per CIDR of the VPC, and a main table if the seed has none. */
export function addRouteTables(place: Place): void {
  const { region, vpcId, name: vpcName, seed } = place
  const named = Object.entries(seed.routeTables)
  const main: TableSeed = { main: true, subnets: [], routes: {}, tags: {} }
  const tables = named.some(([, table]) => table.main) ? named : [['main', main] as const, ...named]
  for (const [name, table] of tables) {
    const path = `vpcs.${vpcName}.routeTables.${name}`
    const routes = localRoutes(place)
    for (const [destination, value] of Object.entries(table.routes)) {
      const { to, propagated, origin } = typeof value === 'string' ? { to: value, propagated: false } : value
      routes.push({
        destination: routeDestination(place, destination, `${path}.routes`),
        target: target(place, to, `${path}.routes.${destination}`),
        origin: origin ?? (propagated ? 'EnableVgwRoutePropagation' : 'CreateRoute'),
      })
    }
    const subnetIds = table.subnets.map((subnet) => subnetId(place, subnet))
    const id = table.id ?? idFor('rtb', `${vpcName}/${name}`)
    add(region, region.routeTables, { id, vpcId, main: table.main, subnetIds, routes }, name, table.tags)
  }
}

function localRoutes({ region, vpcId }: Place): Route[] {
  const { cidrs = [], ipv6Cidrs = [] } = region.vpcs.get(vpcId) ?? {}
  const local = (kind: 'ipv4' | 'ipv6') => (value: string) => ({
    destination: { kind, value },
    target: { field: 'gatewayId' as const, id: 'local' },
    origin: 'CreateRouteTable' as const,
  })
  return [...cidrs.map(local('ipv4')), ...ipv6Cidrs.map(local('ipv6'))]
}

function routeDestination({ region }: Place, text: string, path: string): Destination {
  const cidr = parseCidr(text)
  if (cidr !== undefined) return { kind: cidr.family, value: cidr.text }
  const listId = region.prefixLists.has(text) ? text : idFor('pl', text)
  if (!region.prefixLists.has(listId)) throw new SeedError([`${path}: ${text} is neither a CIDR nor a prefix list`])
  return { kind: 'prefixList', value: listId }
}

function target(place: Place, to: string, path: string): RouteTarget {
  const { region, seed } = place
  const [instanceName = '', index = '0'] = to.split('/')
  if (Object.hasOwn(seed.instances, instanceName)) {
    return { field: 'networkInterfaceId', id: interfaceId(place, instanceName, Number(index)) }
  }
  const byId = routeTarget(to)
  if (byId === undefined)
    throw new SeedError([`${path}: ${to} is neither an instance of this VPC nor the id of a target`])
  if (byId.field !== 'networkInterfaceId') region.gateways.add(to)
  return byId
}

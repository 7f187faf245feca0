import { parseCidr, within } from '../addresses.ts'
import { ApiError, missingParameter, parameterInMessage } from '../errors.ts'
import { type Destination, isStatic, type Region, type Route, type RouteTable } from '../model.ts'
import { type Params, requiredText, text } from '../protocol.ts'
import { checkForm, find, kinds } from '../resources.ts'
import type { Action } from './action.ts'
import { requestedTarget } from './route-target.ts'

/** Maximum non-propagated routes per table and family. Source: Amazon VPC quotas. */
const MOST_ROUTES = 500

/** Ranges that no route's destination may be in. Source: "Configure route tables" in the VPC user guide. */
const RESERVED_RANGES = ['169.254.168.0/22', 'fd00:ec2::/32']

/** The destination parameters and their kinds. */
const destinationParameters = {
  DestinationCidrBlock: 'ipv4',
  DestinationIpv6CidrBlock: 'ipv6',
  DestinationPrefixListId: 'prefixList',
} as const

/** The table to write to, the only resource whose permission is checked. */
function routeTableId(params: Params): [string] {
  const id = requiredText(params, 'RouteTableId')
  checkForm(kinds.routeTable, id)
  return [id]
}

function requestedDestination(params: Params): Destination {
  const [given, ...more] = Object.entries(destinationParameters).flatMap(([parameter, kind]) => {
    const value = text(params, parameter)
    return value === undefined ? [] : [{ parameter, kind, value }]
  })
  if (given === undefined) throw missingParameter('DestinationCidrBlock')
  if (more.length > 0) {
    const names = Object.keys(destinationParameters).map(parameterInMessage).join(', ')
    throw new ApiError('InvalidParameterCombination', `The request must contain exactly one of: ${names}`)
  }
  const { parameter, kind, value } = given
  if (kind === 'prefixList') {
    checkForm(kinds.prefixList, value)
    return { kind, value }
  }
  const cidr = parseCidr(value)
  if (cidr?.family !== kind) {
    throw new ApiError(
      'InvalidParameterValue',
      `Value (${value}) for parameter ${parameterInMessage(parameter)} is invalid. This is not a valid CIDR block.`,
    )
  }
  return { kind, value: cidr.text }
}

/** The route that a write to this destination changes; only static routes can be written. */
function writableRoute(table: RouteTable, destination: Destination): Route | undefined {
  return table.routes.find((route) => route.destination.value === destination.value && isStatic(route))
}

/** The VPC's CIDRs that contain or equal the destination. */
function localRanges(region: Region, table: RouteTable, { kind, value }: Destination): string[] {
  const vpc = region.vpcs.get(table.vpcId)
  if (kind === 'prefixList' || vpc === undefined) return []
  return [...vpc.cidrs, ...vpc.ipv6Cidrs].filter((range) => within(range, value))
}

/**
 * A destination inside the VPC must equal the CIDR of a subnet or of the VPC, and its target must be an interface, a
 * NAT gateway or an endpoint. Source: VPC user guide, "Route tables". The first refusal's text is EC2's; the second's
 * is unknown.
 */
function checkAgainstVpc(region: Region, table: RouteTable, { destination, target }: Omit<Route, 'origin'>): void {
  const { kind, value } = destination
  if (kind !== 'prefixList' && RESERVED_RANGES.some((range) => within(range, value))) {
    throw new ApiError('InvalidParameterValue', `The destination CIDR block ${value} is within a reserved range.`)
  }
  const ranges = localRanges(region, table, destination)
  if (ranges.length === 0 || target.id === 'local') return
  const permitted = ['networkInterfaceId', 'natGatewayId'].includes(target.field) || target.id.startsWith('vpce-')
  if (!permitted) {
    throw new ApiError(
      'InvalidParameterValue',
      `The destination CIDR block ${value} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
    )
  }
  const subnets = [...region.subnets.values()].filter(({ vpcId }) => vpcId === table.vpcId)
  const whole = [...ranges, ...subnets.flatMap(({ cidr, ipv6Cidrs }) => [cidr, ...ipv6Cidrs])]
  if (!whole.includes(value)) {
    throw new ApiError(
      'InvalidParameterValue',
      `The destination CIDR block ${value} is more specific than one of this VPC's CIDR blocks and does not match the CIDR block of a subnet.`,
    )
  }
}

const createRoute: Action['run'] = ({ region, params }) => {
  const destination = requestedDestination(params)
  const table = find(region, kinds.routeTable, requiredText(params, 'RouteTableId'))
  if (destination.kind === 'prefixList') find(region, kinds.prefixList, destination.value)
  const target = requestedTarget(region, table, params)
  checkAgainstVpc(region, table, { destination, target })
  if (writableRoute(table, destination) !== undefined) {
    throw new ApiError('RouteAlreadyExists', `The route identified by ${destination.value} already exists.`)
  }
  if (routesCounted(region, table, destination.kind) + weight(region, destination) > MOST_ROUTES) {
    throw new ApiError('RouteLimitExceeded', `The maximum number of routes has been reached.`)
  }
  table.routes.push({ destination, target, origin: 'CreateRoute' })
  return { return: true }
}

/** A prefix list counts as one route per entry. */
function weight(region: Region, { kind, value }: Destination): number {
  return kind === 'prefixList' ? (region.prefixLists.get(value)?.entries.length ?? 0) : 1
}

function routesCounted(region: Region, { routes }: RouteTable, kind: Destination['kind']): number {
  return routes
    .filter((route) => isStatic(route) && route.destination.kind === kind)
    .reduce((sum, { destination }) => sum + weight(region, destination), 0)
}

const replaceRoute: Action['run'] = ({ region, params }) => {
  const destination = requestedDestination(params)
  const table = find(region, kinds.routeTable, requiredText(params, 'RouteTableId'))
  const target = requestedTarget(region, table, params)
  const route = writableRoute(table, destination)
  if (route === undefined) {
    throw new ApiError(
      'InvalidParameterValue',
      `There is no route defined for '${destination.value}' in the route table. Use CreateRoute instead.`,
    )
  }
  if (target.id === 'local' && route.origin !== 'CreateRouteTable') {
    throw new ApiError('InvalidParameterValue', 'local-target only allowed with network local destination CIDRs')
  }
  checkAgainstVpc(region, table, { destination, target })
  route.target = target
  return { return: true }
}

const deleteRoute: Action['run'] = ({ region, params }) => {
  const destination = requestedDestination(params)
  const table = find(region, kinds.routeTable, requiredText(params, 'RouteTableId'))
  const route = writableRoute(table, destination)
  if (route === undefined) {
    const parameter = destination.kind === 'ipv6' ? 'destination-ipv6-cidr-block' : 'destination-cidr-block'
    throw new ApiError(
      'InvalidRoute.NotFound',
      `no route with ${parameter} ${destination.value} in route table ${table.id}`,
    )
  }
  if (route.origin === 'CreateRouteTable') {
    throw new ApiError(
      'InvalidParameterValue',
      `cannot remove local route ${destination.value} in route table ${table.id}`,
    )
  }
  table.routes.splice(table.routes.indexOf(route), 1)
  return { return: true }
}

/** Calls that write routes. */
export const routeActions: Record<string, Action> = {
  CreateRoute: { resources: routeTableId, run: createRoute },
  DeleteRoute: { resources: routeTableId, run: deleteRoute },
  ReplaceRoute: { resources: routeTableId, run: replaceRoute },
}

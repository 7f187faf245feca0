import { createHash } from 'node:crypto'
import type { Policy } from './iam/policy.ts'

/** One account's resources in one region: plain data. Ids are the keys of the maps. */
export type Region = {
  name: string
  account: string
  vpcs: Map<string, Vpc>
  subnets: Map<string, Subnet>
  routeTables: Map<string, RouteTable>
  interfaces: Map<string, NetworkInterface>
  instances: Map<string, Instance>
  securityGroups: Map<string, SecurityGroup>
  prefixLists: Map<string, PrefixList>
  /** Ids of the gateways of every kind that exist; a route to another one is a blackhole. */
  gateways: Set<string>
  /** Tags by resource id. */
  tags: Map<string, Map<string, string>>
  deny: Denial[]
  /** By the ARN of the user or the role; one that is not here may do everything that is not denied. */
  policies: Map<string, Policy>
  /** Who an access key belongs to; a key that is not here is the account's own user. */
  sessions: Map<string, Caller>
  /** Access keys that are no longer good, with the code of the error that says so. */
  revoked: Map<string, string>
}

export type Vpc = {
  id: string
  /** The account that it, its subnets and its route tables belong to: another than the region's, where it is shared. */
  owner: string
  /** IPv4; the first is the primary one. */
  cidrs: string[]
  ipv6Cidrs: string[]
}

export type Subnet = {
  id: string
  vpcId: string
  zone: string
  cidr: string
  ipv6Cidrs: string[]
}

export type RouteTable = {
  id: string
  vpcId: string
  main: boolean
  subnetIds: string[]
  routes: Route[]
}

export type Route = {
  destination: Destination
  target: RouteTarget
  origin: 'CreateRouteTable' | 'CreateRoute' | 'EnableVgwRoutePropagation'
}

export type Destination = {
  kind: 'ipv4' | 'ipv6' | 'prefixList'
  /** Canonical text, or the prefix list's id. */
  value: string
}

/** The field of a route that names its target. */
export type TargetField =
  | 'gatewayId'
  | 'natGatewayId'
  | 'networkInterfaceId'
  | 'transitGatewayId'
  | 'vpcPeeringConnectionId'
  | 'egressOnlyInternetGatewayId'
  | 'localGatewayId'
  | 'carrierGatewayId'

export type RouteTarget = {
  field: TargetField
  id: string
}

export type NetworkInterface = {
  id: string
  vpcId: string
  subnetId: string
  mac: string
  /** IPv4; the first is the primary one. */
  addresses: string[]
  ipv6Addresses: string[]
  sourceDestCheck: boolean
  groupIds: string[]
  attachment?: { id: string; instanceId: string; deviceIndex: number; time: string }
}

/** EC2's code of each state of an instance. */
export const instanceStateCodes = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
}

export type InstanceState = keyof typeof instanceStateCodes

export type Instance = {
  id: string
  state: InstanceState
  zone: string
  launchTime: string
  metadata: MetadataOptions
}

/** How an instance's metadata service may be asked. */
export type MetadataOptions = {
  endpoint: 'enabled' | 'disabled'
  /** `required`: version 2 only. */
  tokens: 'required' | 'optional'
  hopLimit: number
}

export type SecurityGroup = {
  id: string
  vpcId: string
  name: string
  description: string
  ingress: Permission[]
  egress: Permission[]
}

type Permission = {
  /** `-1` (all), `tcp`, `udp`, `icmp`, or a protocol's number. */
  protocol: string
  ports?: { from: number; to: number }
  /** Where it comes from; of egress, where it goes. */
  peer: { cidr: string } | { groupId: string }
}

type PrefixList = {
  id: string
  entries: string[]
}

/** A call refused for want of permission; without a resource, on every one. */
type Denial = {
  action: string
  resource?: string
}

export type Caller = {
  account: string
  arn: string
  /** The ARN of the user or the role whose policy counts; a role's without its path. */
  principal: string
  userId: string
}

const targetFields: Record<string, TargetField> = {
  cagw: 'carrierGatewayId',
  eigw: 'egressOnlyInternetGatewayId',
  eni: 'networkInterfaceId',
  igw: 'gatewayId',
  lgw: 'localGatewayId',
  nat: 'natGatewayId',
  pcx: 'vpcPeeringConnectionId',
  tgw: 'transitGatewayId',
  vgw: 'gatewayId',
  vpce: 'gatewayId',
}

/** The target that an id names, or undefined if nothing of its kind can be one. */
export function routeTarget(id: string): RouteTarget | undefined {
  if (id === 'local') return { field: 'gatewayId', id }
  const field = targetFields[id.slice(0, id.indexOf('-'))]
  return field && { field, id }
}

/** A real-looking id that is the same whenever it is made from the same name. */
export function idFor(prefix: string, name: string): string {
  return `${prefix}-0${digest(`${prefix}/${name}`).slice(0, 16)}`
}

/** A hexadecimal digest of 40 characters. */
export function digest(value: string): string {
  return createHash('sha1').update(value).digest('hex')
}

/** The account that a VPC, and what belongs to it, belongs to. */
export function ownerOf(region: Region, vpcId: string): string {
  return region.vpcs.get(vpcId)?.owner ?? region.account
}

/** A resource's tags by their keys; none for an id that names nothing. */
export function tagsOf(region: Region, resourceId: string): ReadonlyMap<string, string> {
  return region.tags.get(resourceId) ?? new Map()
}

/** The interfaces attached to an instance, in the order of their device index. */
export function interfacesOf(region: Region, instanceId: string): NetworkInterface[] {
  return [...region.interfaces.values()]
    .filter((candidate) => candidate.attachment?.instanceId === instanceId)
    .sort((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0))
}

/**
 * Derived on each read: an interface must be there, attached, and its instance running; a gateway must be there.
 * Source: the Route page of EC2's API reference.
 */
export function routeState(region: Region, { target }: Route): 'active' | 'blackhole' {
  if (target.field !== 'networkInterfaceId') {
    return target.id === 'local' || region.gateways.has(target.id) ? 'active' : 'blackhole'
  }
  const instanceId = region.interfaces.get(target.id)?.attachment?.instanceId
  const instance = instanceId === undefined ? undefined : region.instances.get(instanceId)
  return instance?.state === 'running' ? 'active' : 'blackhole'
}

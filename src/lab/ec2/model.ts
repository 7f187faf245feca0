import { createHash } from 'node:crypto'
import type { Policy } from './iam/policy.ts'

/** One account's resources in one region, as plain data. Maps are keyed by id. */
export type Region = {
  name: string
  /** As in ARNs. */
  partition: string
  account: string
  vpcs: Map<string, Vpc>
  subnets: Map<string, Subnet>
  routeTables: Map<string, RouteTable>
  interfaces: Map<string, NetworkInterface>
  instances: Map<string, Instance>
  securityGroups: Map<string, SecurityGroup>
  networkAcls: Map<string, NetworkAcl>
  prefixLists: Map<string, PrefixList>
  /** Ids of existing gateways of every kind; a route to any other is a blackhole. */
  gateways: Set<string>
  /** Tags by resource id. */
  tags: Map<string, Map<string, string>>
  deny: Denial[]
  /** By ARN of the user or role; one without a policy may do everything not denied. */
  policies: Map<string, Policy>
  /** Owners of access keys; any other key belongs to the account's user. */
  sessions: Map<string, Caller>
  /** Revoked access keys, with the error code they get. */
  revoked: Map<string, string>
}

export type Vpc = {
  id: string
  /** The account that owns it, its subnets and its route tables; another than the region's if it is shared. */
  owner: string
  /** IPv4; the first is primary. */
  cidrs: string[]
  ipv6Cidrs: string[]
}

export type Subnet = {
  id: string
  vpcId: string
  zone: string
  /** None in an IPv6-only subnet. */
  cidr: string | undefined
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
  /** EC2's word; `CreateRoute` and `CreateRouteTable` are static. */
  origin: string
}

/** Whether somebody created it, so that it counts against the quota and may be replaced. */
export function isStatic({ origin }: Route): boolean {
  return origin === 'CreateRoute' || origin === 'CreateRouteTable'
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
  | 'coreNetworkArn'
  | 'odbNetworkArn'
  /** One that EC2 has yet to add. */
  | 'futureTargetId'

export type RouteTarget = {
  field: TargetField
  id: string
}

export type AttachmentStatus = 'attaching' | 'attached' | 'detaching'

export type NetworkInterface = {
  id: string
  vpcId: string
  subnetId: string
  mac: string
  /** IPv4; the first is primary. */
  addresses: string[]
  ipv6Addresses: string[]
  sourceDestCheck: boolean
  groupIds: string[]
  attachment?: { id: string; instanceId: string; deviceIndex: number; time: string; status: AttachmentStatus }
}

/** EC2's instance state codes. */
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

/** An instance's metadata service options. */
export type MetadataOptions = {
  endpoint: 'enabled' | 'disabled'
  /** `required`: IMDSv2 only. */
  tokens: 'required' | 'optional'
  hopLimit: number
}

/** Stateless rules at the edge of its subnets; every subnet has one. */
export type NetworkAcl = {
  id: string
  vpcId: string
  isDefault: boolean
  subnetIds: string[]
  /** EC2 adds a last one, which denies everything. */
  entries: AclEntry[]
}

export type AclEntry = {
  number: number
  egress: boolean
  /** `-1`, or a protocol's number. */
  protocol: string
  action: 'allow' | 'deny'
  cidr: string
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
  /** The source (ingress) or destination (egress). */
  peer: { cidr: string } | { groupId: string }
}

type PrefixList = {
  id: string
  entries: string[]
}

/** A denied call; without a resource, on any. */
type Denial = {
  action: string
  resource?: string
}

export type Caller = {
  account: string
  arn: string
  /** ARN of the user or role whose policy applies; a role's without its path. */
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

/** The target with this id, or undefined if its kind cannot be a target. */
export function routeTarget(id: string): RouteTarget | undefined {
  if (id === 'local') return { field: 'gatewayId', id }
  const ofArn = /^arn:.*:(core-network|odb-network)\//.exec(id)?.[1]
  if (ofArn) return { field: ofArn === 'core-network' ? 'coreNetworkArn' : 'odbNetworkArn', id }
  const field = targetFields[id.slice(0, id.indexOf('-'))]
  return field && { field, id }
}

/** A realistic id, derived from the name. */
export function idFor(prefix: string, name: string): string {
  return `${prefix}-0${digest(`${prefix}/${name}`).slice(0, 16)}`
}

/** A digest of 40 hexadecimal characters. */
export function digest(value: string): string {
  return createHash('sha1').update(value).digest('hex')
}

/** The account that owns a VPC and its parts. */
export function ownerOf(region: Region, vpcId: string): string {
  return region.vpcs.get(vpcId)?.owner ?? region.account
}

/** A resource's tags by key; empty for unknown ids. */
export function tagsOf(region: Region, resourceId: string): ReadonlyMap<string, string> {
  return region.tags.get(resourceId) ?? new Map()
}

/** The interfaces attached to an instance, ordered by device index. */
export function interfacesOf(region: Region, instanceId: string): NetworkInterface[] {
  return [...region.interfaces.values()]
    .filter((candidate) => candidate.attachment?.instanceId === instanceId)
    .sort((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0))
}

/**
 * Derived on each read: active if the interface is attached to a running instance, or the gateway exists. Source: the
 * Route page of EC2's API reference.
 */
export function routeState(region: Region, { target }: Route): 'active' | 'blackhole' {
  if (target.field !== 'networkInterfaceId') {
    return target.id === 'local' || region.gateways.has(target.id) ? 'active' : 'blackhole'
  }
  const instanceId = region.interfaces.get(target.id)?.attachment?.instanceId
  const instance = instanceId === undefined ? undefined : region.instances.get(instanceId)
  return instance?.state === 'running' ? 'active' : 'blackhole'
}

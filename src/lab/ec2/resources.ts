import { ApiError } from './errors.ts'
import { ownerOf, type Region } from './model.ts'

/** EC2's naming of a kind of resource, in ids, tags and errors. */
export type ResourceKind<T = unknown> = {
  prefix: string
  /** As in an ARN and in DescribeTags. */
  type: string
  malformed: string
  notFound: string
  /** The name of the kind in a not-found message. */
  label: string
  held: (region: Region) => ReadonlyMap<string, T>
}

/** Error codes as documented by EC2, inconsistent spelling included. */
export const kinds = {
  instance: {
    prefix: 'i',
    type: 'instance',
    malformed: 'InvalidInstanceID.Malformed',
    notFound: 'InvalidInstanceID.NotFound',
    label: 'instance ID',
    held: (region) => region.instances,
  },
  networkInterface: {
    prefix: 'eni',
    type: 'network-interface',
    malformed: 'InvalidNetworkInterfaceId.Malformed',
    notFound: 'InvalidNetworkInterfaceID.NotFound',
    label: 'networkInterface ID',
    held: (region) => region.interfaces,
  },
  networkAcl: {
    prefix: 'acl',
    type: 'network-acl',
    malformed: 'InvalidNetworkAclId.Malformed',
    notFound: 'InvalidNetworkAclID.NotFound',
    label: 'networkAcl ID',
    held: (region) => region.networkAcls,
  },
  prefixList: {
    prefix: 'pl',
    type: 'prefix-list',
    malformed: 'InvalidPrefixListId.Malformed',
    notFound: 'InvalidPrefixListID.NotFound',
    label: 'prefix list ID',
    held: (region) => region.prefixLists,
  },
  routeTable: {
    prefix: 'rtb',
    type: 'route-table',
    malformed: 'InvalidRouteTableId.Malformed',
    notFound: 'InvalidRouteTableID.NotFound',
    label: 'routeTable ID',
    held: (region) => region.routeTables,
  },
  securityGroup: {
    prefix: 'sg',
    type: 'security-group',
    malformed: 'InvalidGroupId.Malformed',
    notFound: 'InvalidGroup.NotFound',
    label: 'security group',
    held: (region) => region.securityGroups,
  },
  subnet: {
    prefix: 'subnet',
    type: 'subnet',
    malformed: 'InvalidSubnetId.Malformed',
    notFound: 'InvalidSubnetID.NotFound',
    label: 'subnet ID',
    held: (region) => region.subnets,
  },
  vpc: {
    prefix: 'vpc',
    type: 'vpc',
    malformed: 'InvalidVpcId.Malformed',
    notFound: 'InvalidVpcID.NotFound',
    label: 'vpc ID',
    held: (region) => region.vpcs,
  },
} satisfies Record<string, ResourceKind>

/** The kind of resource with this id's prefix. */
export function kindOf(id: string): ResourceKind | undefined {
  return Object.values(kinds).find(({ prefix }) => id.startsWith(`${prefix}-`))
}

/** A resource's ARN, by its id; an ARN is returned unchanged. */
export function arnOf(region: Region, id: string): string {
  if (id.startsWith('arn:')) return id
  const vpcId = region.routeTables.get(id)?.vpcId ?? region.subnets.get(id)?.vpcId ?? id
  return `arn:${region.partition}:ec2:${region.name}:${ownerOf(region, vpcId)}:${kindOf(id)?.type ?? '*'}/${id}`
}

/** @throws the kind's ApiError for a malformed id: wrong prefix, or not 8 or 17 hexadecimal digits */
export function checkForm(kind: ResourceKind, id: string): void {
  if (!id.startsWith(`${kind.prefix}-`)) {
    throw new ApiError(kind.malformed, `Invalid id: "${id}" (expecting "${kind.prefix}-...")`)
  }
  if (!/^([0-9a-f]{8}|[0-9a-f]{17})$/.test(id.slice(kind.prefix.length + 1))) {
    throw new ApiError(kind.malformed, `Invalid id: "${id}"`)
  }
}

/** @throws the kind's ApiError for unknown ids */
export function checkExists(region: Region, kind: ResourceKind, ids: readonly string[]): void {
  const held = kind.held(region)
  const absent = ids.filter((id) => !held.has(id))
  if (absent.length > 0) throw notFound(kind, absent)
}

/** Finds a resource by id. @throws the kind's ApiError for a malformed or unknown id */
export function find<T>(region: Region, kind: ResourceKind<T>, id: string): T {
  checkForm(kind, id)
  const resource = kind.held(region).get(id)
  if (resource === undefined) throw notFound(kind, [id])
  return resource
}

function notFound({ label, notFound: code }: ResourceKind, ids: readonly string[]): ApiError {
  const subject = ids.length === 1 ? label : label.replace(/ ID$/, ' IDs')
  return new ApiError(code, `The ${subject} '${ids.join(', ')}' ${ids.length === 1 ? 'does' : 'do'} not exist`)
}

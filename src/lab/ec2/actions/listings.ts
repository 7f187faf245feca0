import {
  type Instance,
  instanceStateCodes,
  interfacesOf,
  type NetworkAcl,
  type NetworkInterface,
  ownerOf,
  type Region,
  type RouteTable,
  type SecurityGroup,
  type Subnet,
  type Vpc,
} from '../model.ts'
import { kinds } from '../resources.ts'
import { IMAGE_ID, INSTANCE_TYPE, interfaceStatus, privateName, reservationId } from './instance-views.ts'
import type { Filters, Listing } from './query.ts'
import { associations, routeView } from './views.ts'

// The filters are those in EC2's API reference, as far as the model has the data.

const byId = ({ id }: { id: string }) => id
const byVpc = ({ vpcId }: { vpcId: string }) => vpcId

/** How DescribeRouteTables selects its results. */
export function routeTables(region: Region): Listing<RouteTable> {
  const routeFields = (field: string) => (table: RouteTable) =>
    table.routes.map((route) => routeView(region, route)[field])
  return {
    ids: { parameter: 'RouteTableId', kind: kinds.routeTable, withMaxResults: true },
    idOf: byId,
    tagged: true,
    pageLimit: 100,
    filters: {
      'association.main': (table) => associations(table).map(({ main }) => main),
      'association.route-table-association-id': (table) => associations(table).map(byId),
      'association.route-table-id': (table) => associations(table).map(() => table.id),
      'association.subnet-id': ({ subnetIds }) => subnetIds,
      'owner-id': ({ vpcId }) => ownerOf(region, vpcId),
      'route-table-id': byId,
      'route.destination-cidr-block': routeFields('destinationCidrBlock'),
      'route.destination-ipv6-cidr-block': routeFields('destinationIpv6CidrBlock'),
      'route.destination-prefix-list-id': routeFields('destinationPrefixListId'),
      'route.egress-only-internet-gateway-id': routeFields('egressOnlyInternetGatewayId'),
      'route.gateway-id': routeFields('gatewayId'),
      'route.instance-id': routeFields('instanceId'),
      'route.nat-gateway-id': routeFields('natGatewayId'),
      'route.origin': routeFields('origin'),
      'route.state': routeFields('state'),
      'route.transit-gateway-id': routeFields('transitGatewayId'),
      'route.vpc-peering-connection-id': routeFields('vpcPeeringConnectionId'),
      'vpc-id': byVpc,
    },
  }
}

/** How DescribeNetworkAcls selects its results. */
export function networkAcls(region: Region): Listing<NetworkAcl> {
  return {
    ids: { parameter: 'NetworkAclId', kind: kinds.networkAcl, withMaxResults: true },
    idOf: byId,
    tagged: true,
    pageLimit: 1000,
    filters: {
      'association.network-acl-id': ({ id, subnetIds }) => subnetIds.map(() => id),
      'association.subnet-id': ({ subnetIds }) => subnetIds,
      default: ({ isDefault }) => isDefault,
      'network-acl-id': byId,
      'owner-id': ({ vpcId }) => ownerOf(region, vpcId),
      'vpc-id': byVpc,
    },
  }
}

/** How DescribeNetworkInterfaces selects its results. */
export function networkInterfaces(region: Region): Listing<NetworkInterface> {
  return {
    ids: { parameter: 'NetworkInterfaceId', kind: kinds.networkInterface, withMaxResults: false },
    idOf: byId,
    tagged: true,
    pageLimit: 1000,
    filters: {
      'addresses.primary': ({ addresses }) => addresses.map((_, index) => index === 0),
      'addresses.private-ip-address': ({ addresses }) => addresses,
      'attachment.attachment-id': ({ attachment }) => attachment?.id,
      'attachment.device-index': ({ attachment }) => attachment?.deviceIndex,
      'attachment.instance-id': ({ attachment }) => attachment?.instanceId,
      'attachment.instance-owner-id': ({ attachment }) => attachment && region.account,
      'attachment.status': ({ attachment }) => attachment?.status,
      'availability-zone': ({ subnetId }) => region.subnets.get(subnetId)?.zone,
      description: () => '',
      'group-id': ({ groupIds }) => groupIds,
      'group-name': ({ groupIds }) => groupIds.map((id) => region.securityGroups.get(id)?.name),
      'interface-type': () => 'interface',
      'ipv6-addresses.ipv6-address': ({ ipv6Addresses }) => ipv6Addresses,
      'mac-address': ({ mac }) => mac,
      'network-interface-id': byId,
      'owner-id': () => region.account,
      'private-dns-name': ({ addresses: [primary] }) => primary && privateName(region, primary),
      'private-ip-address': ({ addresses: [primary] }) => primary,
      'requester-managed': () => false,
      'source-dest-check': ({ sourceDestCheck }) => sourceDestCheck,
      status: interfaceStatus,
      'subnet-id': ({ subnetId }) => subnetId,
      'vpc-id': byVpc,
    },
  }
}

const instanceIds = { parameter: 'InstanceId', kind: kinds.instance, withMaxResults: false }

const instanceFilters: Filters<Instance> = {
  'availability-zone': ({ zone }) => zone,
  'instance-state-code': ({ state }) => instanceStateCodes[state],
  'instance-state-name': ({ state }) => state,
}

/** How DescribeInstanceStatus selects its results. */
export const instanceStatus: Listing<Instance> = {
  ids: instanceIds,
  idOf: byId,
  tagged: false,
  pageLimit: 1000,
  filters: instanceFilters,
}

/** How DescribeInstances selects its results. */
export function instances(region: Region): Listing<Instance> {
  const interfaces = ({ id }: Instance) => interfacesOf(region, id)
  const primary = (instance: Instance) => interfaces(instance)[0]
  const groupIds = (instance: Instance) => primary(instance)?.groupIds ?? []
  return {
    ids: instanceIds,
    idOf: byId,
    tagged: true,
    pageLimit: 1000,
    filters: {
      ...instanceFilters,
      'image-id': () => IMAGE_ID,
      'instance-id': byId,
      'instance-type': () => INSTANCE_TYPE,
      'instance.group-id': groupIds,
      'instance.group-name': (instance) => groupIds(instance).map((id) => region.securityGroups.get(id)?.name),
      'ipv6-address': (instance) => interfaces(instance).flatMap(({ ipv6Addresses }) => ipv6Addresses),
      'network-interface.addresses.private-ip-address': (instance) =>
        interfaces(instance).flatMap(({ addresses }) => addresses),
      'network-interface.attachment.device-index': (instance) =>
        interfaces(instance).map(({ attachment }) => attachment?.deviceIndex),
      'network-interface.network-interface-id': (instance) => interfaces(instance).map(byId),
      'network-interface.subnet-id': (instance) => interfaces(instance).map(({ subnetId }) => subnetId),
      'network-interface.vpc-id': (instance) => interfaces(instance).map(byVpc),
      'owner-id': () => region.account,
      'private-ip-address': (instance) => primary(instance)?.addresses[0],
      'reservation-id': reservationId,
      'source-dest-check': (instance) => primary(instance)?.sourceDestCheck,
      'subnet-id': (instance) => primary(instance)?.subnetId,
      'vpc-id': (instance) => primary(instance)?.vpcId,
    },
  }
}

/** How DescribeSubnets selects its results. */
export function subnets(region: Region): Listing<Subnet> {
  return {
    ids: { parameter: 'SubnetId', kind: kinds.subnet, withMaxResults: false },
    idOf: byId,
    tagged: true,
    pageLimit: 1000,
    filters: {
      'availability-zone': ({ zone }) => zone,
      'cidr-block': ({ cidr }) => cidr,
      'default-for-az': () => false,
      'ipv6-cidr-block-association.ipv6-cidr-block': ({ ipv6Cidrs }) => ipv6Cidrs,
      'owner-id': ({ vpcId }) => ownerOf(region, vpcId),
      state: () => 'available',
      'subnet-id': byId,
      'vpc-id': byVpc,
    },
  }
}

/** How DescribeVpcs selects its results. */
export const vpcs: Listing<Vpc> = {
  ids: { parameter: 'VpcId', kind: kinds.vpc, withMaxResults: false },
  idOf: byId,
  tagged: true,
  pageLimit: 1000,
  filters: {
    cidr: ({ cidrs }) => cidrs[0],
    'cidr-block-association.cidr-block': ({ cidrs }) => cidrs,
    'ipv6-cidr-block-association.ipv6-cidr-block': ({ ipv6Cidrs }) => ipv6Cidrs,
    'is-default': () => false,
    'owner-id': ({ owner }) => owner,
    state: () => 'available',
    'vpc-id': byId,
  },
}

/** How DescribeSecurityGroups selects its results. */
export function securityGroups(region: Region): Listing<SecurityGroup> {
  return {
    ids: { parameter: 'GroupId', kind: kinds.securityGroup, withMaxResults: true },
    idOf: byId,
    tagged: true,
    pageLimit: 1000,
    filters: {
      description: ({ description }) => description,
      'group-id': byId,
      'group-name': ({ name }) => name,
      'ip-permission.cidr': ({ ingress }) => ingress.map(({ peer }) => ('cidr' in peer ? peer.cidr : undefined)),
      'ip-permission.group-id': ({ ingress }) =>
        ingress.map(({ peer }) => ('groupId' in peer ? peer.groupId : undefined)),
      'ip-permission.protocol': ({ ingress }) => ingress.map(({ protocol }) => protocol),
      'owner-id': () => region.account,
      'vpc-id': byVpc,
    },
  }
}

type TagDescription = {
  key: string
  value: string
  resourceId: string
  resourceType: string
}

/** How DescribeTags selects its results. */
export const tags: Listing<TagDescription> = {
  idOf: ({ resourceId }) => resourceId,
  tagged: false,
  pageLimit: 1000,
  filters: {
    key: ({ key }) => key,
    'resource-id': ({ resourceId }) => resourceId,
    'resource-type': ({ resourceType }) => resourceType,
    value: ({ value }) => value,
  },
}

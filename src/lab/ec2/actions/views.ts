import { within } from '../addresses.ts'
import {
  type AclEntry,
  digest,
  type NetworkAcl,
  ownerOf,
  type Region,
  type Route,
  type RouteTable,
  routeState,
  type SecurityGroup,
  type Subnet,
  tagsOf,
  type Vpc,
} from '../model.ts'
import { items, type Xml } from '../protocol.ts'
import { arnOf } from '../resources.ts'

/** A resource's tags in a Describe response. */
export function tagSet(region: Region, resourceId: string): Xml {
  return items([...tagsOf(region, resourceId)].map(([key, value]) => ({ key, value })))
}

/** A route's fields, including the instance behind an interface. */
export function routeView(region: Region, route: Route): Record<string, string | undefined> {
  const { destination, target, origin } = route
  const instanceId =
    target.field === 'networkInterfaceId' ? region.interfaces.get(target.id)?.attachment?.instanceId : undefined
  return {
    destinationCidrBlock: destination.kind === 'ipv4' ? destination.value : undefined,
    destinationIpv6CidrBlock: destination.kind === 'ipv6' ? destination.value : undefined,
    destinationPrefixListId: destination.kind === 'prefixList' ? destination.value : undefined,
    [target.field]: target.id,
    instanceId,
    instanceOwnerId: instanceId && region.account,
    origin,
    state: routeState(region, route),
  }
}

/** A table's associations; the main association is with the VPC and has no subnet. */
export function associations({ id, main, subnetIds }: RouteTable): { id: string; main: boolean; subnetId?: string }[] {
  const idFor = (what: string) => `rtbassoc-0${digest(`${id}/${what}`).slice(0, 16)}`
  return [
    ...(main ? [{ id: idFor('main'), main: true }] : []),
    ...subnetIds.map((subnetId) => ({ id: idFor(subnetId), main: false, subnetId })),
  ]
}

/** An item of routeTableSet. */
export function routeTableView(region: Region, table: RouteTable): Xml {
  const propagating = table.routes.filter(({ origin }) => origin === 'EnableVgwRoutePropagation')
  return {
    routeTableId: table.id,
    vpcId: table.vpcId,
    ownerId: ownerOf(region, table.vpcId),
    routeSet: items(table.routes.map((route) => routeView(region, route))),
    associationSet: items(
      associations(table).map(({ id, main, subnetId }) => ({
        routeTableAssociationId: id,
        routeTableId: table.id,
        subnetId,
        main,
        associationState: { state: 'associated' },
      })),
    ),
    propagatingVgwSet: items(
      [...new Set(propagating.map(({ target }) => target.id))].map((gatewayId) => ({ gatewayId })),
    ),
    tagSet: tagSet(region, table.id),
  }
}

/** The number of unused IPv4 addresses. EC2 reserves five in each subnet. */
function freeAddresses(region: Region, cidr: string): number {
  const bits = Number(cidr.slice(cidr.indexOf('/') + 1))
  const addresses = [...region.interfaces.values()].flatMap((each) => each.addresses)
  return 2 ** (32 - bits) - 5 - addresses.filter((address) => within(cidr, address)).length
}

/** An item of subnetSet. */
export function subnetView(region: Region, subnet: Subnet): Xml {
  return {
    subnetId: subnet.id,
    subnetArn: arnOf(region, subnet.id),
    state: 'available',
    vpcId: subnet.vpcId,
    ownerId: ownerOf(region, subnet.vpcId),
    cidrBlock: subnet.cidr,
    ipv6Native: subnet.cidr === undefined,
    availableIpAddressCount: subnet.cidr === undefined ? 0 : freeAddresses(region, subnet.cidr),
    availabilityZone: subnet.zone,
    defaultForAz: false,
    mapPublicIpOnLaunch: false,
    assignIpv6AddressOnCreation: false,
    ipv6CidrBlockAssociationSet: ipv6Associations(subnet.id, 'subnet-cidr-assoc', subnet.ipv6Cidrs),
    tagSet: tagSet(region, subnet.id),
  }
}

function ipv6Associations(id: string, prefix: string, cidrs: readonly string[]): Xml {
  return items(
    cidrs.map((ipv6CidrBlock) => ({
      associationId: `${prefix}-0${digest(`${id}/${ipv6CidrBlock}`).slice(0, 16)}`,
      ipv6CidrBlock,
      ipv6CidrBlockState: { state: 'associated' },
    })),
  )
}

/** An item of vpcSet. */
export function vpcView(region: Region, vpc: Vpc): Xml {
  return {
    vpcId: vpc.id,
    ownerId: vpc.owner,
    state: 'available',
    cidrBlock: vpc.cidrs[0],
    cidrBlockAssociationSet: items(
      vpc.cidrs.map((cidrBlock) => ({
        associationId: `vpc-cidr-assoc-0${digest(`${vpc.id}/${cidrBlock}`).slice(0, 16)}`,
        cidrBlock,
        cidrBlockState: { state: 'associated' },
      })),
    ),
    ipv6CidrBlockAssociationSet: ipv6Associations(vpc.id, 'vpc-cidr-assoc', vpc.ipv6Cidrs),
    dhcpOptionsId: `dopt-0${digest(vpc.id).slice(0, 16)}`,
    instanceTenancy: 'default',
    isDefault: false,
    tagSet: tagSet(region, vpc.id),
  }
}

/** The entries that EC2 adds to every network ACL, for IPv4 and IPv6. */
const LAST_ENTRIES = [
  { number: 32_767, cidr: '0.0.0.0/0' },
  { number: 32_768, cidr: '::/0' },
].flatMap(({ number, cidr }) =>
  [false, true].map((egress): AclEntry => ({ number, egress, protocol: '-1', action: 'deny', cidr })),
)

/** An item of networkAclSet. */
export function networkAclView(region: Region, { id, vpcId, isDefault, subnetIds, entries }: NetworkAcl): Xml {
  return {
    networkAclId: id,
    vpcId,
    ownerId: ownerOf(region, vpcId),
    default: isDefault,
    entrySet: items(
      [...entries, ...LAST_ENTRIES].map(({ number, egress, protocol, action, cidr }) => ({
        ruleNumber: number,
        protocol,
        ruleAction: action,
        egress,
        [cidr.includes(':') ? 'ipv6CidrBlock' : 'cidrBlock']: cidr,
      })),
    ),
    associationSet: items(
      subnetIds.map((subnetId) => ({
        networkAclAssociationId: `aclassoc-0${digest(`${id}/${subnetId}`).slice(0, 16)}`,
        networkAclId: id,
        subnetId,
      })),
    ),
    tagSet: tagSet(region, id),
  }
}

/** An item of securityGroupInfo. */
export function securityGroupView(region: Region, group: SecurityGroup): Xml {
  return {
    ownerId: region.account,
    groupId: group.id,
    groupName: group.name,
    groupDescription: group.description,
    vpcId: group.vpcId,
    ipPermissions: permissions(region, group.ingress),
    ipPermissionsEgress: permissions(region, group.egress),
    tagSet: tagSet(region, group.id),
  }
}

function permissions(region: Region, of: SecurityGroup['ingress']): Xml {
  return items(
    of.map(({ protocol, ports, peer }) => ({
      ipProtocol: protocol,
      fromPort: ports?.from,
      toPort: ports?.to,
      groups: items('groupId' in peer ? [{ userId: region.account, groupId: peer.groupId }] : []),
      ipRanges: items('cidr' in peer && !peer.cidr.includes(':') ? [{ cidrIp: peer.cidr }] : []),
      ipv6Ranges: items('cidr' in peer && peer.cidr.includes(':') ? [{ cidrIpv6: peer.cidr }] : []),
    })),
  )
}

import { partitionOf } from '../../../core/partition.ts'
import { userArn } from '../actions/sts.ts'
import { canonicalAddress, parseCidr, within } from '../addresses.ts'
import { setInstanceState } from '../changes.ts'
import { digest, idFor, interfacesOf, type NetworkInterface, type Region, type Subnet } from '../model.ts'
import { addNetworkAcls } from './network-acls.ts'
import { add, groupId, instanceId, interfaceId, type Place, subnetId } from './place.ts'
import { addRouteTables } from './routes.ts'
import { DEFAULT_METADATA, type ParsedSeed, type VpcSeed } from './schema.ts'
import { checkSeed, type Seed, SeedError } from './seed.ts'

/** Builds the model from a seed. @throws SeedError */
export function buildRegion(seed: Seed): Region {
  const checked = checkSeed(seed)
  const region = emptyRegion(checked)
  for (const [name, { id = idFor('pl', name), entries }] of Object.entries(checked.prefixLists)) {
    add(region, region.prefixLists, { id, entries }, name, {})
  }
  const places = Object.entries(checked.vpcs).map(([name, vpc]) => addVpc(region, name, vpc))
  for (const place of places) {
    addSubnets(place)
    addSecurityGroups(place)
    addNetworkAcls(place)
    addInstances(place)
    addRouteTables(place)
  }
  region.deny = checked.deny.flatMap(({ action, resource }) => {
    if (resource === undefined) return [{ action }]
    const named = [...region.routeTables.keys()].filter((id) => region.tags.get(id)?.get('Name') === resource)
    return (named.length > 0 ? named : [resource]).map((id) => ({ action, resource: id }))
  })
  const unknownUsers = [...region.policies.keys()].filter((arn) => arn.includes(':user/') && arn !== userArn(region))
  if (unknownUsers.length > 0) throw new SeedError(unknownUsers.map((arn) => `policies.${arn}: no such user`))
  return region
}

function emptyRegion({ region: name, account, gateways, policies }: ParsedSeed): Region {
  return {
    name,
    partition: partitionOf(name)?.id ?? '',
    account,
    vpcs: new Map(),
    subnets: new Map(),
    routeTables: new Map(),
    interfaces: new Map(),
    instances: new Map(),
    securityGroups: new Map(),
    networkAcls: new Map(),
    prefixLists: new Map(),
    gateways: new Set(gateways),
    tags: new Map(),
    deny: [],
    policies: new Map(Object.entries(policies)),
    sessions: new Map(),
    revoked: new Map(),
  }
}

function addVpc(region: Region, name: string, seed: VpcSeed): Place {
  const vpcId = seed.id ?? idFor('vpc', name)
  const cidrs = seed.cidrs.map((cidr) => parseCidr(cidr)).filter((cidr) => cidr !== undefined)
  const ofFamily = (family: string) => cidrs.filter((cidr) => cidr.family === family).map(({ text }) => text)
  const { owner = region.account } = seed
  const vpc = { id: vpcId, owner, cidrs: ofFamily('ipv4'), ipv6Cidrs: ofFamily('ipv6') }
  add(region, region.vpcs, vpc, name, seed.tags)
  return { region, vpcId, name, seed }
}

function addSubnets(place: Place): void {
  const { region, vpcId, seed } = place
  for (const [name, { zone, cidr, ipv6, tags }] of Object.entries(seed.subnets)) {
    add(region, region.subnets, { id: subnetId(place, name), vpcId, zone, cidr, ipv6Cidrs: ipv6 }, name, tags)
  }
}

function addSecurityGroups(place: Place): void {
  const { region, vpcId, seed } = place
  const everyGroup: VpcSeed['securityGroups'] = {
    default: {
      description: 'default VPC security group',
      ingress: [{ protocol: '-1', from: 'default' }],
      egress: [{ protocol: '-1', to: '0.0.0.0/0' }],
      tags: {},
    },
    ...seed.securityGroups,
  }
  for (const [name, { description, ingress, egress, tags }] of Object.entries(everyGroup)) {
    const permission = (peer: string, { protocol, ports }: Pick<(typeof ingress)[number], 'protocol' | 'ports'>) => ({
      protocol,
      ...(ports && { ports }),
      peer: parseCidr(peer) === undefined ? { groupId: groupId(place, peer) } : { cidr: peer },
    })
    const group = {
      id: groupId(place, name),
      vpcId,
      name,
      description,
      ingress: ingress.map(({ from, ...rest }) => permission(from, rest)),
      egress: egress.map(({ to, ...rest }) => permission(to, rest)),
    }
    add(region, region.securityGroups, group, undefined, tags)
  }
}

/** Launch and attachment time of everything. */
const LAUNCH_TIME = '2026-01-01T00:00:00.000Z'

function addInstances(place: Place): void {
  const { region, name: vpcName, seed } = place
  for (const [name, value] of Object.entries(seed.instances)) {
    const usual = { state: 'running' as const, metadata: DEFAULT_METADATA, tags: {} }
    const instance = typeof value === 'string' ? { ...usual, interfaces: [value] } : value
    const id = instanceId(place, name)
    const path = `vpcs.${vpcName}.instances.${name}`
    instance.interfaces.forEach((networkInterface, index) => {
      addInterface(place, name, index, networkInterface, `${path}.interfaces.${index}`)
    })
    const zone = region.subnets.get(interfacesOf(region, id)[0]?.subnetId ?? '')?.zone ?? ''
    const { metadata, tags } = instance
    add(region, region.instances, { id, state: 'running', zone, launchTime: LAUNCH_TIME, metadata }, name, tags)
    setInstanceState(region, id, instance.state)
  }
}

type InterfaceSeed = Exclude<VpcSeed['instances'][string], string>['interfaces'][number]

function addInterface(
  place: Place,
  instanceName: string,
  deviceIndex: number,
  value: InterfaceSeed,
  path: string,
): void {
  const { region, vpcId } = place
  const seed =
    typeof value === 'string'
      ? { addresses: [value], ipv6: [], sourceDestCheck: true, securityGroups: ['default'], tags: {} }
      : value
  const [address] = [...seed.addresses, ...seed.ipv6]
  if (address === undefined) throw new SeedError([`${path}: an interface needs an address`])
  const subnet = subnetOf(place, address)
  if (subnet === undefined) throw new SeedError([`${path}: ${address} is not in any subnet of this VPC`])
  const id = interfaceId(place, instanceName, deviceIndex)
  const networkInterface: NetworkInterface = {
    id,
    vpcId,
    subnetId: subnet.id,
    mac: `06:${digest(id)
      .slice(0, 10)
      .replace(/..(?=.)/g, '$&:')}`,
    addresses: seed.addresses,
    ipv6Addresses: seed.ipv6.map(canonicalAddress),
    sourceDestCheck: seed.sourceDestCheck,
    groupIds: seed.securityGroups.map((name) => groupId(place, name)),
    attachment: {
      id: idFor('eni-attach', id),
      instanceId: instanceId(place, instanceName),
      deviceIndex,
      time: LAUNCH_TIME,
      status: 'attached',
    },
  }
  add(region, region.interfaces, networkInterface, undefined, seed.tags)
}

function subnetOf({ region, vpcId }: Place, address: string): Subnet | undefined {
  return [...region.subnets.values()].find(
    (subnet) => subnet.vpcId === vpcId && cidrsOf(subnet).some((cidr) => within(cidr, address)),
  )
}

function cidrsOf({ cidr, ipv6Cidrs }: Subnet): string[] {
  return cidr === undefined ? ipv6Cidrs : [cidr, ...ipv6Cidrs]
}

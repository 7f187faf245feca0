/** Network interfaces and their instances: resolves an operator's target, and describes targets for display. */
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  type Filter,
  type Instance as SdkInstance,
  type NetworkInterface as SdkNetworkInterface,
} from '@aws-sdk/client-ec2'
import { type EniId, type InstanceId, isEniId, isInstanceId } from '../../../core/ids.ts'
import type { Reference } from '../../../core/reference.ts'
import type { TargetFacts } from '../../../core/route.ts'
import { Failure } from '../../../platform/errors.ts'
import { type Ec2, sendPaged } from '../client.ts'
import { Ec2Error } from '../errors.ts'
import { holderOf, isRunning } from './attachment.ts'
import { chunks, literal } from './tables.ts'

const PAGE_SIZE = 100

/** @property sourceDestCheck whether EC2 drops its traffic for foreign addresses such as a VIP */
export type FoundEni = { readonly eni: EniId; readonly sourceDestCheck: boolean; readonly vpc: string | undefined }

/**
 * Resolves a reference to one ENI; never to an instance, since EC2 refuses to choose between its ENIs.
 * @param vpcs the VPCs of the routes; names and addresses are searched for only there
 * @throws Failure if none or several match, listing them
 */
export async function findEni(
  ec2: Ec2,
  reference: Reference,
  vpcs: readonly string[],
  signal: AbortSignal,
): Promise<FoundEni> {
  switch (reference.kind) {
    case 'eni': {
      const found = await describeInterfaces(ec2, [idFilter('network-interface-id', [reference.eni])], signal)
      return ofRunning(ec2, onlyOne(found, reference.eni), signal)
    }
    case 'address': {
      const isIpv6 = reference.address.includes(':')
      const name = isIpv6 ? 'ipv6-addresses.ipv6-address' : 'addresses.private-ip-address'
      const filters = [idFilter(name, [reference.address]), idFilter('vpc-id', vpcs)]
      const found = await describeInterfaces(ec2, filters, signal)
      return ofRunning(ec2, onlyOne(found, `the address ${reference.address}`), signal)
    }
    case 'instance':
      return eniOfInstance(await instanceById(ec2, reference.instance, signal))
    case 'name':
      return eniOfInstance(await instanceByName(ec2, reference.name, vpcs, signal))
  }
}

/** An ENI's primary address, and its VPC. */
export type EniPlace = { readonly address: string; readonly vpc: string | undefined }

/** Where an ENI is: its private address, IPv4 or else IPv6. @throws Failure if it does not exist or has none */
export async function placeOfEni(ec2: Ec2, eni: EniId, signal: AbortSignal): Promise<EniPlace> {
  const found = onlyOne(await describeInterfaces(ec2, [idFilter('network-interface-id', [eni])], signal), eni)
  const { PrivateIpAddress: ipv4, Ipv6Addresses: ipv6 = [] } = found
  const address = ipv4 ?? (ipv6.find(({ IsPrimaryIpv6 }) => IsPrimaryIpv6) ?? ipv6[0])?.Ipv6Address
  if (address) return { address, vpc: found.VpcId }
  throw new Failure('failed', `EC2 reports no address for ${eni}`, {
    hint: 'nodes are identified by it: choose an interface that has one (interface or eni in the config)',
  })
}

async function instanceById(ec2: Ec2, id: InstanceId, signal: AbortSignal): Promise<SdkInstance> {
  const [instance] = await describeInstances(ec2, [idFilter('instance-id', [id])], signal)
  if (!instance)
    throw new Failure('usage', `there is no instance ${id} in ${ec2.region}`, { hint: 'check the id and the region' })
  if (isRunning(instance.State) !== false) return instance
  const state = instance.State?.Name ?? 'in an unknown state'
  throw new Failure('refused', `${id} is ${state}: a route to it would be a blackhole`, { hint: REMEDIES[state] })
}

const ANOTHER = 'choose another instance: vip-switch status shows the nodes'
/** What to do about an instance that is not running, by state (API_InstanceState). */
const REMEDIES: Readonly<Record<string, string>> = {
  stopped: 'start it first, or choose another instance',
  stopping: 'wait until it has stopped, then start it, or choose another instance',
  'shutting-down': `it is being terminated: ${ANOTHER}`,
  terminated: `it is gone for good: ${ANOTHER}`,
}

/** Matches only running and pending instances: terminated ones keep their name for an hour. */
async function instanceByName(
  ec2: Ec2,
  name: string,
  vpcs: readonly string[],
  signal: AbortSignal,
): Promise<SdkInstance> {
  const found = await describeInstances(
    ec2,
    [
      { Name: 'tag:Name', Values: [literal(name)] },
      { Name: 'instance-state-name', Values: ['pending', 'running'] },
      idFilter('vpc-id', vpcs),
    ],
    signal,
  )
  const [instance] = found
  if (instance && found.length === 1) return instance
  if (!instance) {
    throw new Failure('usage', `no running instance is named ${name}`, {
      hint: 'check the name (vip-switch status shows those of the nodes); only running instances in the route tables’ VPC are searched',
    })
  }
  const list = found.map((each) => `${each.InstanceId} (${each.PrivateIpAddress}, ${each.Placement?.AvailabilityZone})`)
  throw new Failure('usage', `${found.length} running instances are named ${name}: ${list.join(', ')}`, {
    hint: 'use its id',
  })
}

/** Its only ENI; of several, the only one whose source/dest check is off, as no other could carry the VIP. */
function eniOfInstance(instance: SdkInstance): FoundEni {
  const all = instance.NetworkInterfaces ?? []
  const able = all.length > 1 ? all.filter((each) => each.SourceDestCheck === false) : all
  const [only] = able
  if (only && able.length === 1)
    return { eni: eniOf(only), sourceDestCheck: only.SourceDestCheck === true, vpc: only.VpcId }
  if (all.length === 0)
    throw new Failure('refused', `${instance.InstanceId} has no network interface`, {
      hint: 'attach one, or choose another node',
    })
  const list = all.map(
    (each) => `${each.NetworkInterfaceId} (eth${each.Attachment?.DeviceIndex}, ${each.PrivateIpAddress})`,
  )
  throw new Failure('usage', `${instance.InstanceId} has ${all.length} network interfaces: ${list.join(', ')}`, {
    hint: `choose one with --eni (the default is the only one with its source/dest check off; here ${able.length} have it off)`,
  })
}

function eniOf(found: { NetworkInterfaceId?: string | undefined }): EniId {
  const id = found.NetworkInterfaceId ?? ''
  if (isEniId(id)) return id
  throw new Failure('failed', `EC2 returned a network interface with the invalid id "${id}"`)
}

function onlyOne(found: readonly SdkNetworkInterface[], what: string): SdkNetworkInterface {
  const [only] = found
  if (only && found.length === 1) return only
  if (!only)
    throw new Failure('usage', `no network interface matches ${what}`, { hint: 'check it, the region and the VPC' })
  throw new Failure('usage', `several network interfaces match ${what}: ${found.map(eniOf).join(', ')}`, {
    hint: 'choose one with --eni',
  })
}

/**
 * Requires a running instance: otherwise the route is a blackhole, though the interface stays attached and `in-use`.
 */
async function ofRunning(ec2: Ec2, found: SdkNetworkInterface, signal: AbortSignal): Promise<FoundEni> {
  const eni = eniOf(found)
  const instance = holderOf(found.Attachment)
  if (!instance) {
    const how = found.Attachment?.InstanceId ? `is ${found.Attachment.Status}` : 'is not attached to an instance'
    throw new Failure('refused', `${eni} ${how}: a route to it would be a blackhole`, {
      hint: 'attach it first, or choose another',
    })
  }
  try {
    await instanceById(ec2, instance, signal)
  } catch (error) {
    // An operator without permission to see instances may still name an interface.
    if (!(error instanceof Ec2Error && error.class === 'denied')) throw error
  }
  return { eni, sourceDestCheck: found.SourceDestCheck === true, vpc: found.VpcId }
}

/** Facts about those of these ENIs and instances that exist. @throws Ec2Error */
export async function describeTargets(
  ec2: Ec2,
  enis: readonly EniId[],
  instances: readonly InstanceId[],
  signal: AbortSignal,
): Promise<Map<string, TargetFacts>> {
  const interfaces = await inChunks(enis, (ids) =>
    describeInterfaces(ec2, [idFilter('network-interface-id', ids)], signal),
  )
  const attached = interfaces.flatMap((each) => holderOf(each.Attachment) ?? [])
  const wanted = [...new Set([...instances, ...attached])]
  const described = await inChunks(wanted, (ids) => describeInstances(ec2, [idFilter('instance-id', ids)], signal))
  const names = new Map(described.map((each) => [each.InstanceId, each.Tags?.find(({ Key }) => Key === 'Name')?.Value]))

  const running = new Map(described.map((each) => [each.InstanceId, isRunning(each.State)]))

  const facts = new Map<string, TargetFacts>()
  for (const { InstanceId: id = '', Placement: placement } of described) {
    if (!isInstanceId(id)) continue
    const zone = placement?.AvailabilityZone
    facts.set(id, { instance: id, name: names.get(id), zone, isRunning: running.get(id) })
  }
  for (const each of interfaces) {
    const instance = holderOf(each.Attachment)
    const zone = each.AvailabilityZone
    facts.set(eniOf(each), {
      ...{ instance, name: names.get(instance), zone, vpc: each.VpcId, isRunning: running.get(instance) },
    })
  }
  return facts
}

/** Describes the ids in as many calls as needed. */
export async function inChunks<Id, Item>(
  ids: readonly Id[],
  describe: (ids: readonly Id[]) => Promise<Item[]>,
): Promise<Item[]> {
  return (await Promise.all(chunks(ids).map(describe))).flat()
}

export function idFilter(name: string, values: readonly string[]): Filter {
  return { Name: name, Values: [...values] }
}

// Interfaces and instances are in our own account, even if the route tables belong to another.

/** @throws Ec2Error */
export function describeInterfaces(ec2: Ec2, filters: Filter[], signal: AbortSignal): Promise<SdkNetworkInterface[]> {
  return sendPaged(
    `reading network interfaces in ${ec2.region} (DescribeNetworkInterfaces)`,
    (token, options) =>
      ec2.own.send(
        new DescribeNetworkInterfacesCommand({ Filters: filters, MaxResults: PAGE_SIZE, NextToken: token }),
        options,
      ),
    (page) => page.NetworkInterfaces,
    signal,
  )
}

/** @throws Ec2Error */
export function describeInstances(ec2: Ec2, filters: Filter[], signal: AbortSignal): Promise<SdkInstance[]> {
  return sendPaged(
    `reading instances in ${ec2.region} (DescribeInstances)`,
    (token, options) =>
      ec2.own.send(
        new DescribeInstancesCommand({ Filters: filters, MaxResults: PAGE_SIZE, NextToken: token }),
        options,
      ),
    (page) => page.Reservations?.flatMap((reservation) => reservation.Instances ?? []),
    signal,
  )
}

/** The nodes of a cluster as EC2 sees them: their interfaces and the instances these are attached to. */
import {
  ModifyNetworkInterfaceAttributeCommand,
  type Instance as SdkInstance,
  type NetworkInterface as SdkNetworkInterface,
} from '@aws-sdk/client-ec2'
import { type EniId, type InstanceId, isEniId, isInstanceId } from '../../../core/ids.ts'
import { type Ec2, send } from '../client.ts'
import { holderOf, isRunning } from './attachment.ts'
import { describeInstances, describeInterfaces, idFilter, inChunks } from './interfaces.ts'

export type InterfaceFacts = {
  readonly eni: EniId
  readonly vpc: string
  readonly subnet: string
  readonly zone: string | undefined
  /** The instance it is attached to; without one, it carries no traffic. */
  readonly instance: InstanceId | undefined
  /** IPv4, primary first, then IPv6. */
  readonly addresses: readonly string[]
  readonly groups: readonly string[]
  /** Whether EC2 drops its traffic for foreign addresses such as a VIP. */
  readonly sourceDestCheck: boolean
}

export type InstanceFacts = {
  readonly instance: InstanceId
  /** Name tag. */
  readonly name: string | undefined
  /** `running`, `stopped` and so on. */
  readonly state: string
  /** Whether it can carry traffic; undefined if its state does not tell. */
  readonly isRunning: boolean | undefined
  readonly metadata: MetadataOptions | undefined
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsResponse.html */
export type MetadataOptions = {
  readonly isEnabled: boolean
  /** Whether IMDSv2 is required. */
  readonly needsToken: boolean
  readonly hopLimit: number
}

/** Reads those of the interfaces that exist. @throws Ec2Error */
export async function readInterfaces(ec2: Ec2, enis: readonly EniId[], signal: AbortSignal): Promise<InterfaceFacts[]> {
  const found = await inChunks(enis, (ids) => describeInterfaces(ec2, [idFilter('network-interface-id', ids)], signal))
  return found.flatMap(interfaceOf)
}

/** Reads the interfaces in the VPC that have any of these private addresses. @throws Ec2Error */
export async function readInterfacesAt(
  ec2: Ec2,
  addresses: readonly string[],
  vpc: string,
  signal: AbortSignal,
): Promise<InterfaceFacts[]> {
  const filters = [
    { name: 'addresses.private-ip-address', values: addresses.filter((each) => !each.includes(':')) },
    { name: 'ipv6-addresses.ipv6-address', values: addresses.filter((each) => each.includes(':')) },
  ]
  const found = await Promise.all(
    filters.map(({ name, values }) =>
      inChunks(values, (chunk) => describeInterfaces(ec2, [idFilter(name, chunk), idFilter('vpc-id', [vpc])], signal)),
    ),
  )
  return found.flat().flatMap(interfaceOf)
}

/** Reads those of the instances that exist. @throws Ec2Error */
export async function readInstances(
  ec2: Ec2,
  instances: readonly InstanceId[],
  signal: AbortSignal,
): Promise<InstanceFacts[]> {
  const found = await inChunks(instances, (ids) => describeInstances(ec2, [idFilter('instance-id', ids)], signal))
  return found.flatMap(instanceOf)
}

/**
 * Lets an interface carry traffic for the VIP. Per interface, since EC2 refuses the change for an instance with
 * several.
 * @throws Ec2Error
 */
export async function turnOffSourceDestCheck(ec2: Ec2, eni: EniId, signal: AbortSignal): Promise<void> {
  const command = new ModifyNetworkInterfaceAttributeCommand({
    NetworkInterfaceId: eni,
    SourceDestCheck: { Value: false },
  })
  await send(`turning off the source/dest check of ${eni}`, (options) => ec2.own.send(command, options), signal)
}

function interfaceOf(found: SdkNetworkInterface): InterfaceFacts[] {
  const { NetworkInterfaceId: eni = '', Attachment, PrivateIpAddresses = [], Ipv6Addresses = [] } = found
  if (!isEniId(eni)) return []
  const sorted = PrivateIpAddresses.toSorted((a, b) => Number(b.Primary ?? false) - Number(a.Primary ?? false))
  return [
    {
      eni,
      vpc: found.VpcId ?? '',
      subnet: found.SubnetId ?? '',
      zone: found.AvailabilityZone,
      instance: holderOf(Attachment),
      addresses: [
        ...sorted.flatMap((each) => each.PrivateIpAddress ?? []),
        ...Ipv6Addresses.flatMap((each) => each.Ipv6Address ?? []),
      ],
      groups: (found.Groups ?? []).flatMap((group) => group.GroupId ?? []),
      sourceDestCheck: found.SourceDestCheck === true,
    },
  ]
}

function instanceOf({
  InstanceId: instance = '',
  Tags = [],
  State,
  MetadataOptions: options,
}: SdkInstance): InstanceFacts[] {
  if (!isInstanceId(instance)) return []
  return [
    {
      instance,
      name: Tags.find(({ Key }) => Key === 'Name')?.Value,
      state: State?.Name ?? 'unknown',
      isRunning: isRunning(State),
      metadata: options && {
        isEnabled: options.HttpEndpoint !== 'disabled',
        needsToken: options.HttpTokens === 'required',
        hopLimit: options.HttpPutResponseHopLimit ?? 1,
      },
    },
  ]
}

/** Network interface tags, through which the nodes of a cluster communicate. */
import { CreateTagsCommand, DeleteTagsCommand, DescribeNetworkInterfacesCommand } from '@aws-sdk/client-ec2'
import { type EniId, isEniId } from '../../../core/ids.ts'
import { dateOf, type Ec2, send, sendPaged } from '../client.ts'
import { holderOf } from './attachment.ts'
import { chunks } from './tables.ts'

const PAGE_SIZE = 100

export type TaggedInterface = {
  readonly eni: EniId
  readonly tags: ReadonlyMap<string, string>
  /** The instance it is attached to; without one, it carries no traffic. */
  readonly instance: string | undefined
  /** Whether EC2 drops its traffic for foreign addresses such as a VIP. */
  readonly sourceDestCheck: boolean
  readonly vpc: string | undefined
}

/**
 * Reads every interface that has one of these tags, and EC2's time of the response (its `Date` header, in milliseconds
 * since the epoch).
 * @throws Ec2Error
 */
export async function readTagged(
  ec2: Ec2,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<{ interfaces: TaggedInterface[]; date: number }> {
  return readInterfaces(ec2, 'tag-key', keys, signal)
}

/** Those whose source/dest check is on. */
export function withSourceDestCheck(interfaces: readonly TaggedInterface[]): ReadonlySet<EniId> {
  return new Set(interfaces.filter(({ sourceDestCheck }) => sourceDestCheck).map(({ eni }) => eni))
}

/** Reads those of the interfaces that exist. @throws Ec2Error */
export async function readById(ec2: Ec2, enis: readonly EniId[], signal: AbortSignal): Promise<TaggedInterface[]> {
  return (await readInterfaces(ec2, 'network-interface-id', enis, signal)).interfaces
}

async function readInterfaces(
  ec2: Ec2,
  Name: 'tag-key' | 'network-interface-id',
  values: readonly string[],
  signal: AbortSignal,
): Promise<{ interfaces: TaggedInterface[]; date: number }> {
  let date = 0
  const pages = await Promise.all(
    chunks(values).map((Values) =>
      sendPaged(
        `reading ${Name === 'tag-key' ? 'claims' : 'the interfaces of claims'} in ${ec2.region} (DescribeNetworkInterfaces)`,
        (NextToken, options) => {
          const Filters = [{ Name, Values }]
          return ec2.own.send(
            new DescribeNetworkInterfacesCommand({ Filters, MaxResults: PAGE_SIZE, NextToken }),
            options,
          )
        },
        (page) => {
          date = Math.max(date, dateOf(page))
          return page.NetworkInterfaces
        },
        signal,
      ),
    ),
  )
  const interfaces = new Map<EniId, TaggedInterface>()
  for (const { NetworkInterfaceId: id = '', TagSet = [], Attachment, SourceDestCheck, VpcId } of pages.flat()) {
    if (!isEniId(id)) continue
    const tags = new Map(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]))
    interfaces.set(id, {
      eni: id,
      tags,
      instance: holderOf(Attachment),
      sourceDestCheck: SourceDestCheck === true,
      vpc: VpcId,
    })
  }
  return { interfaces: [...interfaces.values()], date }
}

/** The instance of each interface that is attached to one. */
export function holdersOf(interfaces: readonly TaggedInterface[]): Map<EniId, string> {
  return new Map(interfaces.flatMap(({ eni, instance }) => (instance === undefined ? [] : [[eni, instance]])))
}

/** The VPC of each interface. */
export function vpcsOf(interfaces: readonly TaggedInterface[]): Map<EniId, string> {
  return new Map(interfaces.flatMap(({ eni, vpc }) => (vpc === undefined ? [] : [[eni, vpc]])))
}

/** @throws Ec2Error */
export async function writeTag(ec2: Ec2, eni: EniId, key: string, value: string, signal: AbortSignal): Promise<void> {
  const command = new CreateTagsCommand({ Resources: [eni], Tags: [{ Key: key, Value: value }] })
  const call = () => send(`CreateTags ${key} on ${eni}`, (options) => ec2.own.send(command, options), signal)
  await ec2.budget.within('CreateTags', 'other', call, signal)
}

/** @throws Ec2Error */
export async function removeTag(ec2: Ec2, enis: readonly EniId[], key: string, signal: AbortSignal): Promise<void> {
  const command = new DeleteTagsCommand({ Resources: [...enis], Tags: [{ Key: key }] })
  await send(`DeleteTags ${key} on ${enis.join(', ')}`, (options) => ec2.own.send(command, options), signal)
}

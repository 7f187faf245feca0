/** Network ACLs: stateless rules at the edge of a subnet. */
import { DescribeNetworkAclsCommand, type NetworkAclEntry, type NetworkAcl as SdkAcl } from '@aws-sdk/client-ec2'
import { type Destination, parseDestination } from '../../../core/vip.ts'
import { type Ec2, sendPaged } from '../client.ts'
import { idFilter, inChunks } from './interfaces.ts'

const PAGE_SIZE = 100

/** The first entry that matches, by its number, decides. */
export type AclEntry = {
  readonly number: number
  readonly isEgress: boolean
  /** `-1` (all), or a protocol's number. */
  readonly protocol: string
  readonly allows: boolean
  readonly cidr: Destination
}

export type NetworkAcl = {
  readonly id: string
  readonly subnets: readonly string[]
  /** By number, including the last one, which denies everything. */
  readonly entries: readonly AclEntry[]
}

/** Reads the network ACLs of these subnets. @throws Ec2Error */
export async function readNetworkAcls(
  ec2: Ec2,
  subnets: readonly string[],
  signal: AbortSignal,
): Promise<NetworkAcl[]> {
  const found = await inChunks(subnets, (ids) =>
    sendPaged(
      `reading network ACLs in ${ec2.region} (DescribeNetworkAcls)`,
      (NextToken, options) => {
        const Filters = [idFilter('association.subnet-id', ids)]
        return ec2.own.send(new DescribeNetworkAclsCommand({ Filters, MaxResults: PAGE_SIZE, NextToken }), options)
      },
      (page) => page.NetworkAcls,
      signal,
    ),
  )
  return found.map(aclOf)
}

function aclOf({ NetworkAclId = '', Associations = [], Entries = [] }: SdkAcl): NetworkAcl {
  const entries = Entries.flatMap(entryOf)
  return {
    id: NetworkAclId,
    subnets: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
    entries: entries.sort((a, b) => a.number - b.number),
  }
}

function entryOf({ RuleNumber, Egress, Protocol, RuleAction, CidrBlock, Ipv6CidrBlock }: NetworkAclEntry): AclEntry[] {
  const cidr = CidrBlock ?? Ipv6CidrBlock
  if (RuleNumber === undefined || Protocol === undefined || cidr === undefined) return []
  return [
    {
      number: RuleNumber,
      isEgress: Egress === true,
      protocol: Protocol,
      allows: RuleAction === 'allow',
      cidr: parseDestination(cidr),
    },
  ]
}

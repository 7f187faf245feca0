/** Network ACLs: stateless rules at the edge of a subnet. */
import { DescribeNetworkAclsCommand, type NetworkAclEntry, type NetworkAcl as SdkAcl } from '@aws-sdk/client-ec2'
import { type Destination, parseDestination } from '../../../core/vip.ts'
import { type Ec2, sendPaged } from '../client.ts'
import { chunks } from './tables.ts'

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
  const pages = await Promise.all(
    chunks(subnets).map((Values) =>
      sendPaged(
        'reading network ACLs',
        (NextToken, options) => {
          const Filters = [{ Name: 'association.subnet-id', Values }]
          return ec2.own.send(new DescribeNetworkAclsCommand({ Filters, MaxResults: PAGE_SIZE, NextToken }), options)
        },
        (page) => page.NetworkAcls,
        signal,
      ),
    ),
  )
  return pages.flat().map(aclOf)
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

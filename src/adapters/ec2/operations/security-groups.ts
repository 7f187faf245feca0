/** Security groups, and what they let in and out. */
import { DescribeSecurityGroupsCommand, type IpPermission, type SecurityGroup as SdkGroup } from '@aws-sdk/client-ec2'
import { type Destination, parseDestination } from '../../../core/vip.ts'
import { type Ec2, sendPaged } from '../client.ts'
import { chunks } from './tables.ts'

const PAGE_SIZE = 100

/** One rule: who is let in, or where what may go. */
export type Rule = {
  /** `-1` (all), `tcp`, `udp`, `icmp`, or the number of another protocol. */
  readonly protocol: string
  readonly cidrs: readonly Destination[]
  /** Ids of groups: those of this VPC, or of one that is peered with it. */
  readonly groups: readonly string[]
  /** Prefix lists, whose entries are not known here. */
  readonly prefixLists: readonly string[]
}

export type SecurityGroup = {
  readonly id: string
  readonly name: string | undefined
  readonly ingress: readonly Rule[]
  readonly egress: readonly Rule[]
}

/** Those of them that there are. @throws Ec2Error */
export async function readSecurityGroups(
  ec2: Ec2,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<SecurityGroup[]> {
  const lots = await Promise.all(
    chunks(ids).map((Values) =>
      sendPaged(
        'reading security groups',
        (NextToken, options) => {
          const Filters = [{ Name: 'group-id', Values }]
          return ec2.own.send(new DescribeSecurityGroupsCommand({ Filters, MaxResults: PAGE_SIZE, NextToken }), options)
        },
        (page) => page.SecurityGroups,
        signal,
      ),
    ),
  )
  return lots.flat().map(groupOf)
}

function groupOf({ GroupId = '', GroupName, IpPermissions = [], IpPermissionsEgress = [] }: SdkGroup): SecurityGroup {
  return {
    id: GroupId,
    name: GroupName,
    ingress: IpPermissions.map(ruleOf),
    egress: IpPermissionsEgress.map(ruleOf),
  }
}

function ruleOf({ IpProtocol = '', IpRanges, Ipv6Ranges, UserIdGroupPairs, PrefixListIds }: IpPermission): Rule {
  const cidrs = [...(IpRanges ?? []).map(({ CidrIp }) => CidrIp), ...(Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6)]
  return {
    protocol: IpProtocol,
    cidrs: cidrs.flatMap((cidr) => (cidr ? [parseDestination(cidr)] : [])),
    groups: (UserIdGroupPairs ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    prefixLists: (PrefixListIds ?? []).flatMap(({ PrefixListId }) => PrefixListId ?? []),
  }
}

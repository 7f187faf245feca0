/** Security groups and their rules. */
import { DescribeSecurityGroupsCommand, type IpPermission, type SecurityGroup as SdkGroup } from '@aws-sdk/client-ec2'
import { type Destination, parseDestination } from '../../../core/vip.ts'
import { type Ec2, sendPaged } from '../client.ts'
import { chunks } from './tables.ts'

const PAGE_SIZE = 100

/** One rule: allowed sources (ingress) or destinations (egress). */
export type Rule = {
  /** `-1` (all), `tcp`, `udp`, `icmp`, or another protocol's number. */
  readonly protocol: string
  readonly cidrs: readonly Destination[]
  /** Group ids, of this VPC or a peered one. */
  readonly groups: readonly string[]
  /** Prefix list ids; their entries are not resolved. */
  readonly prefixLists: readonly string[]
}

export type SecurityGroup = {
  readonly id: string
  readonly name: string | undefined
  readonly ingress: readonly Rule[]
  readonly egress: readonly Rule[]
}

/** Reads those of the groups that exist. @throws Ec2Error */
export async function readSecurityGroups(
  ec2: Ec2,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<SecurityGroup[]> {
  const pages = await Promise.all(
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
  return pages.flat().map(groupOf)
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

/**
 * Whether adverts get through: VRRP is IP protocol 112, which no security group lets in by itself. One way is not enough;
 * two nodes that do not hear each other are both MASTER.
 */
import type { Finding } from '../../core/finding.ts'
import { contains, parseDestination } from '../../core/vip.ts'
import type { Ec2 } from '../../ec2/client.ts'
import { type Rule, readSecurityGroups, type SecurityGroup } from '../../ec2/security-groups.ts'
import type { Wanted } from '../route-port.ts'
import { type Cluster, isLive, type Member } from './cluster.ts'
import { finding, type Known, learnFromEc2 } from './known.ts'

/** VRRP's number among IP protocols, and what stands for all of them. */
const PROTOCOLS = ['112', '-1']

/** The security groups of the nodes. */
export function readGroupsOf(ec2: Ec2, { members }: Cluster, wanted: Wanted): Promise<Known<SecurityGroup[]>> {
  const ids = [...new Set(members.flatMap(({ nic }) => nic.groups))]
  return learnFromEc2((signal) => readSecurityGroups(ec2, ids, signal), wanted)
}

/** Whether protocol 112 gets from each node to each other one, out of the one and into the other. */
export function judgeProtocol(
  { members }: Pick<Cluster, 'members'>,
  groups: readonly SecurityGroup[],
): readonly Finding[] {
  const live = members.filter(isLive)
  if (live.length < 2) return [finding('protocol-112', 'skipped', 'fewer than two nodes are known')]
  const problems = live.flatMap((from) =>
    live
      .filter((to) => to !== from)
      .flatMap((to) => [...passing(from, to, groups, 'egress'), ...passing(to, from, groups, 'ingress')]),
  )
  const names = live.map(({ label }) => label).join(' and ')
  return problems.length > 0 ? problems : [finding('protocol-112', 'ok', `VRRP passes both ways between ${names}`)]
}

/** What keeps adverts from passing the groups of `at`: on their way out to the other node, or in from it. */
function passing(
  at: Member,
  other: Member,
  groups: readonly SecurityGroup[],
  direction: 'ingress' | 'egress',
): Finding[] {
  const own = groups.filter(({ id }) => at.nic.groups.includes(id))
  const rules = own.flatMap((group) => group[direction]).filter(({ protocol }) => PROTOCOLS.includes(protocol))
  if (rules.some((rule) => admits(rule, other))) return []
  const group = at.nic.groups[0] ?? ''
  const lists = rules.flatMap(({ prefixLists }) => prefixLists)
  const way = direction === 'ingress' ? `in from ${other.label}` : `out to ${other.label}`
  const asked = `protocol 112 ${way} (${other.vrrpAddress})`
  if (lists.length > 0) {
    const found = `whether ${lists.join(', ')} lets ${asked} is not known: its entries are not read`
    return [finding('protocol-112', 'unknown', found, { subject: at.label })]
  }
  const found = `${own.map(nameText).join(', ') || 'no security group'} does not let ${asked}: both would become MASTER`
  return [
    finding('protocol-112', 'fail', found, {
      subject: at.label,
      mend: { command: ruleCommand(group, other, direction) },
    }),
  ]
}

function admits({ groups, cidrs }: Rule, { nic, vrrpAddress }: Member): boolean {
  return (
    groups.some((group) => nic.groups.includes(group)) ||
    cidrs.some((cidr) => contains(cidr, parseDestination(vrrpAddress)))
  )
}

function nameText({ id, name }: SecurityGroup): string {
  return name ? `${id} (${name})` : id
}

function ruleCommand(group: string, { nic, vrrpAddress }: Member, direction: 'ingress' | 'egress'): string {
  const peer = nic.groups[0]
  if (direction === 'ingress' && peer) {
    return `aws ec2 authorize-security-group-ingress --group-id ${group} --protocol 112 --port -1 --source-group ${peer}`
  }
  const range = vrrpAddress.includes(':')
    ? `Ipv6Ranges=[{CidrIpv6=${vrrpAddress}/128}]`
    : `IpRanges=[{CidrIp=${vrrpAddress}/32}]`
  const permission = `IpProtocol=112,${peer ? `UserIdGroupPairs=[{GroupId=${peer}}]` : range}`
  return `aws ec2 authorize-security-group-${direction} --group-id ${group} --ip-permissions '${permission}'`
}

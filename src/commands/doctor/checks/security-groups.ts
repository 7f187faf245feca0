/**
 * Checks that adverts get through: VRRP is IP protocol 112, which security groups block by default. It must pass both
 * ways: two nodes that cannot hear each other both become MASTER.
 */

import type { Ec2 } from '../../../adapters/ec2/client.ts'
import { type Rule, readSecurityGroups, type SecurityGroup } from '../../../adapters/ec2/operations/security-groups.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import { type CommandLine, ec2Command } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { contains, parseDestination } from '../../../core/vip.ts'
import { type Cluster, isLive, type Member } from './cluster.ts'
import { type Fact, finding, learnFromEc2 } from './fact.ts'

/** VRRP's IP protocol number, and the wildcard for all. */
const PROTOCOLS = ['112', '-1']

/** Reads the nodes' security groups. */
export function readGroupsOf(ec2: Ec2, { members }: Cluster, context: CallContext): Promise<Fact<SecurityGroup[]>> {
  const ids = [...new Set(members.flatMap(({ nic }) => nic.groups))]
  return learnFromEc2((signal) => readSecurityGroups(ec2, ids, signal), context)
}

/** Whether protocol 112 passes from each node to each other: out of one and into the other. */
export function judgeProtocol(
  { members, region }: Pick<Cluster, 'members' | 'region'>,
  groups: readonly SecurityGroup[],
): readonly Finding[] {
  const live = members.filter(isLive)
  if (live.length < 2) return [finding('protocol-112', 'skipped', 'fewer than two nodes are known')]
  const obstacles = live.flatMap((from) =>
    live
      .filter((to) => to !== from)
      .flatMap((to) =>
        [
          obstacleAt(from, to, groups, 'egress', region) ?? [],
          obstacleAt(to, from, groups, 'ingress', region) ?? [],
        ].flat(),
      ),
  )
  if (obstacles.length > 0) {
    // For nodes in the same group, one rule admits all.
    const rules = [...new Set(obstacles.map(({ rule }) => rule))]
    return rules.map((rule) => obstacleFinding(obstacles.filter((obstacle) => obstacle.rule === rule)))
  }
  const names = live.map(({ label }) => label).join(' and ')
  return [finding('protocol-112', 'ok', `the security groups allow it both ways between ${names}`)]
}

/** What blocks adverts at a node's security groups. */
type Obstacle = {
  readonly at: Member
  readonly groups: string
  /** `in from db-2 (10.0.2.12)`. */
  readonly way: string
  /** Prefix lists that may admit them. */
  readonly lists: readonly string[]
  /** The command that adds a rule to admit them. */
  readonly rule: CommandLine
}

/** Checks adverts going out to the other node, or coming in from it. */
function obstacleAt(
  at: Member,
  other: Member,
  groups: readonly SecurityGroup[],
  direction: 'ingress' | 'egress',
  region: string,
): Obstacle | undefined {
  const own = groups.filter(({ id }) => at.nic.groups.includes(id))
  const rules = own.flatMap((group) => group[direction]).filter(({ protocol }) => PROTOCOLS.includes(protocol))
  if (rules.some((rule) => admits(rule, other))) return undefined
  return {
    at,
    groups: own.map(nameText).join(', ') || 'no security group',
    way: `${direction === 'ingress' ? 'in from' : 'out to'} ${other.label} (${other.vrrpAddress})`,
    lists: rules.flatMap(({ prefixLists }) => prefixLists),
    rule: ec2Command(ruleWords(at.nic.groups[0] ?? '', other, direction), region),
  }
}

function obstacleFinding(obstacles: readonly Obstacle[]): Finding {
  const subject = [...new Set(obstacles.map(({ at }) => at.label))].join(', ')
  const ways = obstacles.map(({ way }) => way)
  const [groups] = obstacles.map((obstacle) => obstacle.groups)
  const lists = [...new Set(obstacles.flatMap((obstacle) => obstacle.lists))]
  if (lists.length > 0) {
    const found = `cannot tell whether ${lists.join(', ')} allows protocol 112 ${ways.join(', and ')}: its entries are not read`
    return finding('protocol-112', 'unknown', found, { subject })
  }
  const [mend] = obstacles.map(({ rule }) => ({ command: rule }))
  return finding(
    'protocol-112',
    'fail',
    `${groups} does not allow protocol 112 ${ways.join(', nor ')}: both nodes would become MASTER`,
    { subject, mend },
  )
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

function ruleWords(group: string, { nic, vrrpAddress }: Member, direction: 'ingress' | 'egress'): string[] {
  const peer = nic.groups[0]
  if (direction === 'ingress' && peer) {
    const admitted = ['--protocol', '112', '--port', '-1', '--source-group', peer]
    return ['authorize-security-group-ingress', '--group-id', group, ...admitted]
  }
  const range = vrrpAddress.includes(':')
    ? `Ipv6Ranges=[{CidrIpv6=${vrrpAddress}/128}]`
    : `IpRanges=[{CidrIp=${vrrpAddress}/32}]`
  const permission = `IpProtocol=112,${peer ? `UserIdGroupPairs=[{GroupId=${peer}}]` : range}`
  return [`authorize-security-group-${direction}`, '--group-id', group, '--ip-permissions', permission]
}

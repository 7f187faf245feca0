/** Checks that the network ACLs of the nodes' subnets let VRRP through: they know no connections, so both ways count. */

import type { Ec2 } from '../../../adapters/ec2/client.ts'
import { type NetworkAcl, readNetworkAcls } from '../../../adapters/ec2/operations/network-acls.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import { type CommandLine, ec2Command } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { contains, parseDestination } from '../../../core/vip.ts'
import { type Cluster, isLive, type Member } from './cluster.ts'
import { type Fact, finding, learnFromEc2 } from './fact.ts'

/** VRRP's IP protocol number, and the wildcard for all. */
const PROTOCOLS = ['112', '-1']

/** Reads the network ACLs of the nodes' subnets. */
export function readAclsOf(ec2: Ec2, { members }: Cluster, context: CallContext): Promise<Fact<NetworkAcl[]>> {
  const subnets = [...new Set(members.map(({ nic }) => nic.subnet))]
  return learnFromEc2((signal) => readNetworkAcls(ec2, subnets, signal), context)
}

/** Whether protocol 112 passes out of each node's subnet and into each other's; within one, no ACL applies. */
export function judgeAcls(
  { members, region }: Pick<Cluster, 'members' | 'region'>,
  acls: readonly NetworkAcl[],
): readonly Finding[] {
  const live = members.filter(isLive)
  if (live.length < 2) return [finding('network-acls', 'skipped', 'fewer than two nodes are known')]
  const ways = live.flatMap((at) =>
    live
      .filter((other) => other.nic.subnet !== at.nic.subnet)
      .flatMap((other) => [false, true].map((isEgress) => ({ at, other, isEgress }))),
  )
  if (ways.length === 0) return [finding('network-acls', 'ok', 'none applies: the nodes share a subnet')]
  const findings = ways.flatMap((way) => judgeWay(way, acls, region))
  if (findings.length > 0) return findings
  return [finding('network-acls', 'ok', 'they allow protocol 112 both ways')]
}

type Way = { readonly at: Member; readonly other: Member; readonly isEgress: boolean }

function judgeWay({ at, other, isEgress }: Way, acls: readonly NetworkAcl[], region: string): Finding[] {
  const { label: subject } = at
  const { subnet } = at.nic
  const acl = acls.find(({ subnets }) => subnets.includes(subnet))
  if (!acl) return [finding('network-acls', 'unknown', `EC2 shows no network ACL of ${subnet}`, { subject })]
  const address = parseDestination(other.vrrpAddress)
  const own = acl.entries.filter((entry) => entry.isEgress === isEgress)
  const decisive = own.find(({ protocol, cidr }) => PROTOCOLS.includes(protocol) && contains(cidr, address))
  if (decisive?.allows) return []
  const way = `${isEgress ? 'out to' : 'in from'} ${other.label} (${other.vrrpAddress})`
  const taken = own.map(({ number }) => number)
  const mend = { command: allowCommand(acl, other.vrrpAddress, isEgress, freeBefore(decisive?.number, taken), region) }
  const found = `${acl.id}, of ${subnet}, does not allow protocol 112 ${way}: both nodes would become MASTER`
  return [finding('network-acls', 'fail', found, { subject, mend })]
}

/** EC2's highest number for an entry of one's own. */
const LAST_NUMBER = 32_766

/** The highest number that is free and comes before that of the entry that denies. */
function freeBefore(deciding: number | undefined, taken: readonly number[]): number {
  let number = Math.min(LAST_NUMBER, (deciding ?? LAST_NUMBER + 1) - 1)
  while (taken.includes(number)) number -= 1
  return number
}

function allowCommand(
  { id }: NetworkAcl,
  address: string,
  isEgress: boolean,
  number: number,
  region: string,
): CommandLine {
  const range = address.includes(':') ? ['--ipv6-cidr-block', `${address}/128`] : ['--cidr-block', `${address}/32`]
  const rule = ['--rule-number', `${number}`, '--protocol', '112', '--rule-action', 'allow']
  const direction = isEgress ? '--egress' : '--ingress'
  return ec2Command(['create-network-acl-entry', '--network-acl-id', id, direction, ...rule, ...range], region)
}

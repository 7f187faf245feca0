/** Whether two nodes claim to be MASTER right now: then adverts are lost, whatever the rules say. */
import { commandLine } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { type Cluster, isLive } from './cluster.ts'
import { finding } from './fact.ts'

/** @param names the VRRP instances to check */
export function judgeSplitBrain({ members }: Pick<Cluster, 'members'>, names: readonly string[]): readonly Finding[] {
  const live = members.filter(isLive)
  if (live.length < 2) return [finding('split-brain', 'skipped', 'fewer than two nodes are known')]
  const split = names.flatMap((name) => {
    const masters = live.filter((member) => member.masterOf.includes(name))
    return masters.length > 1 ? [{ name, masters }] : []
  })
  if (split.length === 0) return [finding('split-brain', 'ok', 'no two nodes claim to be MASTER')]
  return split.map(({ name, masters }) => {
    const [first] = masters
    const family = first?.vrrpAddress.includes(':') ? 'ip6 proto 112' : 'ip proto 112'
    const who = masters.map(({ label }) => label).join(' and ')
    const found = `${who} claim to be MASTER: adverts between them are lost. What can drop them: the security groups (protocol 112 above), the subnets’ network ACLs, and the hosts’ firewalls (sudo nft list ruleset, sudo iptables -S), on either node. See on each whether both ways arrive`
    return finding('split-brain', 'warn', found, {
      subject: name,
      mend: { command: commandLine('sudo', 'tcpdump', '-ni', 'any', family) },
    })
  })
}

/** Checks that keepalived.conf has the config's VRRP instances, and makes keepalived talk to the other nodes. */

import type { KeepalivedConf, VrrpInstance } from '../../../adapters/keepalived/conf/conf.ts'
import { vipSwitch } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { type Announcer, announcerOf } from './announcer.ts'
import { type Cluster, isLive } from './cluster.ts'
import { finding } from './fact.ts'

export function judgeVrrpInstance(conf: KeepalivedConf | undefined, path: string, name: string): readonly Finding[] {
  const subject = name
  const mend = { command: vipSwitch('keepalived-config', name) }
  if (!conf) return [finding('vrrp-instance', 'fail', `${path} does not exist`, { subject, mend })]
  const announcer = announcerOf(conf, name)
  if (announcer) {
    const what = announcer.group ? `vrrp_sync_group of ${announcer.group.members.join(', ')}` : 'vrrp_instance'
    return [finding('vrrp-instance', 'ok', `${what} in ${path}`, { subject })]
  }
  const others = [...conf.instances.keys(), ...conf.groups.keys()].join(', ') || 'none'
  const found = `${path} has no vrrp_instance or vrrp_sync_group of that name (it has ${others})`
  return [finding('vrrp-instance', 'fail', found, { subject, mend })]
}

/** EC2 has no multicast, so each node must list the others. */
export function judgeUnicast({ name, conf, instances }: Announcer, cluster: Cluster | undefined): readonly Finding[] {
  const mend = { command: vipSwitch('keepalived-config', name) }
  const problems = instances.flatMap((instance) => {
    const { peers } = instance
    const of = `unicast_peer of ${instance.name}`
    if (instance.strict ?? conf.strict) {
      return [
        finding('unicast', 'fail', 'vrrp_strict forbids unicast', {
          subject: instance.name,
          mend: { advice: `remove vrrp_strict from ${conf.path}` },
        }),
      ]
    }
    if (peers.length === 0)
      return [finding('unicast', 'fail', 'no unicast_peer: EC2 has no multicast', { subject: instance.name, mend })]
    return addressProblems(instance, of, cluster).map((found) =>
      finding('unicast', 'fail', found, { subject: instance.name, mend }),
    )
  })
  if (problems.length > 0) return problems
  const peers = [...new Set(instances.flatMap((instance) => instance.peers))]
  return [finding('unicast', 'ok', `to ${peers.join(', ')}`, { subject: name })]
}

function addressProblems({ source, peers }: VrrpInstance, of: string, cluster: Cluster | undefined): string[] {
  const live = cluster?.members.filter(isLive) ?? []
  const own = live.find(({ isSelf }) => isSelf)?.nic
  const strangers = peers.filter((peer) => cluster?.strangers.includes(peer))
  const omitted = live.filter(
    ({ isSelf, nic, published }) =>
      !isSelf && published.length > 0 && !nic.addresses.some((each) => peers.includes(each)),
  )
  return [
    ...(own && source && !own.addresses.includes(source)
      ? [`unicast_src_ip ${source} is not an address of ${own.eni} (${own.addresses.join(', ')})`]
      : []),
    ...peers
      .filter((peer) => own?.addresses.includes(peer))
      .map((peer) => `${of} includes ${peer}, which is this node itself`),
    ...strangers.map((peer) => `${of} includes ${peer}, which no interface of the VPC has`),
    ...omitted.map(({ label, vrrpAddress }) => `${of} lacks ${label} (${vrrpAddress})`),
  ]
}

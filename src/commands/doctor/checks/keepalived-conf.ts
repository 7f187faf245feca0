/** Checks that keepalived.conf makes keepalived talk to the other nodes and send us every event. */

import type { KeepalivedConf, Script, SyncGroup, VrrpInstance } from '../../../adapters/keepalived/conf/conf.ts'
import { vipSwitch } from '../../../core/command-line.ts'
import type { Finding, Mend } from '../../../core/finding.ts'
import { type Cluster, isLive } from './cluster.ts'
import { finding } from './fact.ts'
import { leadsToUs } from './hook-script.ts'
import { compareVersions } from './keepalived.ts'

/** keepalived.conf's settings for one entry of the config. */
export type Announcer = {
  readonly name: string
  readonly conf: KeepalivedConf
  /** The sync group, unless the name is that of an instance. */
  readonly group: SyncGroup | undefined
  /** The instance, or the group's members. */
  readonly instances: readonly VrrpInstance[]
}

/** Undefined if keepalived.conf has neither an instance nor a group of that name. */
export function announcerOf(conf: KeepalivedConf, name: string): Announcer | undefined {
  const instance = conf.instances.get(name)
  const group = instance ? undefined : conf.groups.get(name)
  if (!instance && !group) return undefined
  const instances = instance ? [instance] : (group?.members ?? []).flatMap((member) => conf.instances.get(member) ?? [])
  return { name, conf, group, instances }
}

/** How the announcer's events reach us. */
export type Ways = { readonly hook: Script | undefined; readonly leadsToUs: boolean; readonly hasFifo: boolean }

/** @param fifo the daemon's FIFO */
export function waysOf({ conf, group, instances }: Announcer, fifo: string): Ways {
  const hook = group ? group.notify : instances[0]?.notify
  return { hook, leadsToUs: hook !== undefined && leadsToUs(hook.command), hasFifo: conf.fifos.includes(fifo) }
}

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
  return [
    lacking(
      conf,
      'vrrp-instance',
      'fail',
      `${path} has no vrrp_instance or vrrp_sync_group of that name (it has ${others})`,
      subject,
      mend,
    ),
  ]
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
      return [lacking(conf, 'unicast', 'fail', 'no unicast_peer: EC2 has no multicast', instance.name, mend)]
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

/**
 * The FIFO is fast and ordered, the hook works without a daemon: each is the other's fallback.
 * @param version of keepalived, which may be too old for a setting
 */
export function judgeEvents(
  announcer: Announcer,
  fifo: string,
  version: readonly number[] | undefined,
): readonly Finding[] {
  const { name: subject, conf } = announcer
  const { hook, leadsToUs: isOurs, hasFifo } = waysOf(announcer, fifo)
  const mend = { command: vipSwitch('keepalived-config', subject) }
  const strayed = conf.fifos.filter((each) => each !== fifo)
  const stray =
    !hasFifo && strayed.length > 0 ? ` (vrrp_notify_fifo is ${strayed.join(', ')}, but the daemon reads ${fifo})` : ''
  if (!hook && !hasFifo) {
    return [
      lacking(
        conf,
        'events',
        'fail',
        `neither notify nor vrrp_notify_fifo: vip-switch gets no events${stray}`,
        subject,
        mend,
      ),
    ]
  }
  if (hook && !isOurs) {
    const found = `cannot tell whether ${hook.command.join(' ')} calls vip-switch`
    return [finding('events', hasFifo ? 'unknown' : 'warn', `${found}${stray}`, { subject, mend })]
  }
  if (!hook) return [lacking(conf, 'events', 'warn', 'no notify: without the daemon, no route moves', subject, mend)]
  if (!hasFifo)
    return [
      lacking(
        conf,
        'events',
        'warn',
        `no vrrp_notify_fifo: each event starts a process, and their order may be lost${stray}`,
        subject,
        mend,
      ),
    ]
  const missing = missingSettings(announcer, version)
  if (missing.length > 0) return [lacking(conf, 'events', 'warn', missing.join('; '), subject, mend)]
  return [finding('events', 'ok', 'vrrp_notify_fifo and notify', { subject })]
}

function missingSettings({ conf, group, instances }: Announcer, version: readonly number[] | undefined): string[] {
  const knows = (since: readonly number[]) => version === undefined || compareVersions(version, since) >= 0
  // For a group, a FIFO only reports its members' priorities.
  const isTold = group !== undefined || instances.every((instance) => instance.priorityChanges ?? conf.priorityChanges)
  return [
    ...(isTold || !knows([2, 0, 16]) ? [] : ['no notify_priority_changes: priority changes are noticed late']),
    ...(conf.statesOnReload || !knows([2, 2, 7])
      ? []
      : ['no fifo_write_vrrp_states_on_reload: after a reload, the state is noticed late']),
  ]
}

/** keepalived does not rerun notify_master if the true master never left MASTER: only this event reports it. */
export function judgeLowerPriority(announcer: Announcer, fifo: string): readonly Finding[] {
  const { name, conf, group, instances } = announcer
  const mend = { command: vipSwitch('keepalived-config', name) }
  const words = `${group ? 'GROUP' : 'INSTANCE'} ${name} MASTER_RX_LOWER_PRI`
  // For a group, a FIFO only reports its members, under names that are not in our config.
  const isTold = waysOf(announcer, fifo).hasFifo && !group
  const problems = instances.flatMap(({ name: subject, onLowerPriority: script }) => {
    if (!script) {
      const found = isTold
        ? 'no notify_master_rx_lower_pri: without the daemon, a route lost in a blip stays lost'
        : 'no notify_master_rx_lower_pri: a route lost in a blip stays lost'
      return [lacking(conf, 'lower-priority', isTold ? 'warn' : 'fail', found, subject, mend)]
    }
    const text = script.command.join(' ')
    if (!leadsToUs(script.command)) {
      return [finding('lower-priority', 'unknown', `cannot tell whether ${text} calls vip-switch`, { subject, mend })]
    }
    return text.endsWith(` ${words}`)
      ? []
      : [finding('lower-priority', 'fail', `${text} does not end in ${words}`, { subject, mend })]
  })
  return problems.length > 0
    ? problems
    : [finding('lower-priority', 'ok', 'notify_master_rx_lower_pri', { subject: name })]
}

/** A missing setting; unknown if part of keepalived.conf could not be parsed. */
function lacking(
  { doubts }: KeepalivedConf,
  check: Finding['check'],
  verdict: 'warn' | 'fail',
  found: string,
  subject: string,
  mend: Mend,
): Finding {
  if (doubts.length === 0) return finding(check, verdict, found, { subject, mend })
  return finding(check, 'unknown', `${found}, unless in the part that could not be parsed: ${doubts.join('; ')}`, {
    subject,
    mend,
  })
}

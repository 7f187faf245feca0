/** Requirements for a node's host: the VIP's address, a writable state directory, a daemon. */
import { readFileSync } from 'node:fs'
import { addressPresent } from '../../../adapters/keepalived/probe.ts'
import type { DaemonAnswer } from '../../../agent/control/status.ts'
import { both, type CommandLine, commandLine, literally } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { type Destination, destinationText, isHost, vipText } from '../../../core/vip.ts'
import { type Fact, finding, learn } from './fact.ts'

/** Facts about a VIP on this host. */
export type VipFacts = {
  readonly vip: Destination
  /** Whether an interface of this host currently has the address. */
  readonly isPresent: boolean
}

export type Sysctl = { readonly nonlocalBind: Fact<boolean>; readonly forwarding: Fact<boolean> }

export function readVips(vips: readonly Destination[]): VipFacts[] {
  return vips.map((vip) => ({ vip, isPresent: isHost(vip) && addressPresent(vipText(vip)) }))
}

/** For the VIP's address family (ip-sysctl in the kernel's documentation). */
export async function readSysctl({ kind }: Destination): Promise<Sysctl> {
  const isOn = (path: string) => learn(() => readFileSync(`/proc/sys/net/${path}`, 'utf8').trim() !== '0')
  const [nonlocalBind, forwarding] = await Promise.all(
    kind === 'ipv6'
      ? [isOn('ipv6/ip_nonlocal_bind'), isOn('ipv6/conf/all/forwarding')]
      : [isOn('ipv4/ip_nonlocal_bind'), isOn('ipv4/ip_forward')],
  )
  return { nonlocalBind, forwarding }
}

/**
 * Checks whether this host answers at the VIP once the route points here.
 * @param set addresses that keepalived adds on becoming MASTER; unknown if its config is
 */
export function judgeVip(
  { vip, isPresent }: VipFacts,
  { nonlocalBind, forwarding }: Sysctl,
  set: Fact<readonly string[]>,
  subject: string,
): Finding {
  const text = destinationText(vip)
  const say = (verdict: Finding['verdict'], found: string, command?: CommandLine) =>
    finding('vip-on-host', verdict, `${text} ${found}`, { subject, ...(command && { mend: { command } }) })
  if (vip.kind === 'prefix-list') return say('skipped', 'has entries that are not checked')
  if (!isHost(vip)) {
    if (!forwarding.known)
      return say('unknown', `is a network; cannot tell whether this host forwards packets: ${forwarding.why}`)
    const key = vip.kind === 'ipv6' ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward'
    if (forwarding.value) return say('ok', 'is a network, and this host forwards packets')
    return say(
      'warn',
      'is a network, but this host does not forward packets',
      commandLine('sudo', 'sysctl', '-w', `${key}=1`),
    )
  }
  if (isPresent) return say('ok', 'is on an interface')
  if (!set.known) return say('unknown', `is not on any interface; cannot tell whether keepalived adds it: ${set.why}`)
  if (set.value.includes(vipText(vip))) return say('ok', 'is added by keepalived on becoming MASTER')
  const binds = nonlocalBind.known && nonlocalBind.value
  const bound = binds ? '; ip_nonlocal_bind lets services bind to it, but they receive no packets' : ''
  return say(
    'fail',
    `is not on any interface, nor a virtual_ipaddress in keepalived.conf${bound}`,
    commandLine('sudo', 'ip', 'address', 'add', text, 'dev', 'lo'),
  )
}

/** The parts of the daemon's answer that are checked. */
export type DaemonFacts =
  | Exclude<DaemonAnswer, { kind: 'up' }>
  | {
      readonly kind: 'up'
      readonly status: {
        readonly configRejected: string | null
        readonly instances: readonly {
          readonly name: string
          readonly mute: boolean
          readonly claim: { readonly state: string }
        }[]
      }
    }

/** @param hooksMove whether hooks move the routes without a daemon; undefined if that is unknown */
export function judgeDaemon(answer: DaemonFacts, hooksMove: boolean | undefined): readonly Finding[] {
  const start = { command: literally('sudo systemctl enable --now vip-switch') }
  switch (answer.kind) {
    case 'up': {
      const { configRejected, instances } = answer.status
      if (configRejected !== null) {
        const reload = literally('sudo systemctl reload vip-switch')
        const mend = { command: both(literally('vip-switch config check'), reload) }
        return [finding('daemon', 'fail', `running with an older config: ${configRejected}`, { mend })]
      }
      const mute = instances.filter((instance) => instance.mute).map(({ name }) => name)
      if (mute.length > 0) {
        const found = `its claims for ${mute.join(', ')} are not acknowledged: the others cannot see this node`
        return [finding('daemon', 'fail', found, { mend: { command: literally('journalctl -u vip-switch') } })]
      }
      return [
        finding(
          'daemon',
          'ok',
          `running, with ${instances.map(({ name, claim }) => `${name} ${claim.state}`).join(', ')}`,
        ),
      ]
    }
    case 'silent':
      if (answer.isDenied) return [finding('daemon', 'unknown', answer.reason)]
      return [
        finding('daemon', 'warn', answer.reason, {
          mend: { command: literally('systemctl status vip-switch') },
        }),
      ]
    case 'down': {
      if (hooksMove === undefined) {
        const found = 'not running; cannot tell whether hooks move the routes, as keepalived.conf could not be parsed'
        return [finding('daemon', 'warn', found, { mend: start })]
      }
      const found = hooksMove
        ? 'not running: hooks move the routes, but nothing repairs them'
        : 'not running, and no hook is known to replace it: nothing moves the routes'
      return [finding('daemon', hooksMove ? 'warn' : 'fail', found, { mend: start })]
    }
  }
}

/** Checks this node: keepalived, the hooks' user, the host. */

import { type FifoReader, otherReadersOf } from '../../../adapters/keepalived/fifo-readers.ts'
import { searchPathOf } from '../../../adapters/keepalived/installation.ts'
import type { DaemonAnswer } from '../../../agent/control/status.ts'
import type { Config } from '../../../config/schema.ts'
import type { Check, Finding } from '../../../core/finding.ts'
import { vipText } from '../../../core/vip.ts'
import { type Announcer, announcerOf, underDoubt, unparsed } from './announcer.ts'
import type { Cluster } from './cluster.ts'
import { type Hook, hooksMove, hooksOf, judgeEvents, judgeLowerPriority } from './events.ts'
import { type Fact, finding, given, ifKnown, known, learn, unknown } from './fact.ts'
import { judgeFirewall, readFirewall } from './firewall.ts'
import { judgeDaemon, judgeVip, readSysctl, readVips } from './host.ts'
import { judgeKeepalived, type Local } from './keepalived.ts'
import { judgeUnicast, judgeVrrpInstance } from './keepalived-conf.ts'
import { examineScriptUsers, type User, userOf } from './script-user.ts'
import { examineState } from './state.ts'
import { daemonUser, judgeTransitionHooks } from './transition-hooks.ts'

export type Place = { readonly configPath: string; readonly stateDirectory: string }

type NodeContext = {
  readonly config: Config
  readonly names: readonly string[]
  readonly local: Local
  readonly daemon: DaemonAnswer
  /** The cluster, if known. */
  readonly cluster: Cluster | undefined
  readonly place: Place
}

/** All checks based on this host. */
export async function examineNode(context: NodeContext): Promise<readonly Finding[]> {
  const { config, names, local, daemon } = context
  const announcers = announcersOf(context)
  const readers = await learn(() => otherReadersOf(config.keepalived.fifo))
  const each = await Promise.all(names.map((name) => examineInstance(name, readers, context)))
  const hooks = announcers.flatMap(hooksOf).filter(({ call }) => call.kind !== 'unclear')
  const doubts = doubtsOf(context)
  const user = await userOfHooks(hooks, context)
  const runners = { daemon: await daemonUser(config.control), hook: user }
  const isMoved = announcers.some(hooksMove)
  return [
    ...judgeKeepalived(local),
    ...each.flat(),
    ...judgeFirewall(readFirewall()),
    ...underDoubt(doubts, await examineHooks(hooks, user, context)),
    ...names.flatMap((name) => judgeTransitionHooks(name, config, runners)),
    ...judgeDaemon(daemon, isMoved || (local.conf.known && doubts.length === 0) ? isMoved : undefined),
  ]
}

/** The config's entries that keepalived.conf also has. */
function announcersOf({ names, local: { conf } }: NodeContext): Announcer[] {
  const file = ifKnown(conf)
  return names.flatMap((name) => (file && announcerOf(file, name)) ?? [])
}

function doubtsOf({ local: { conf } }: NodeContext): readonly string[] {
  return ifKnown(conf)?.doubts ?? []
}

async function examineInstance(
  name: string,
  readers: Fact<readonly FifoReader[]>,
  context: NodeContext,
): Promise<readonly Finding[]> {
  const { config, local, cluster } = context
  const { conf, place, version } = local
  const { fifo } = config.keepalived
  const doubts = doubtsOf(context)
  const announcer = conf.known ? known(conf.value && announcerOf(conf.value, name)) : conf
  const ofAnnouncer = (check: Check, judge: (value: Announcer) => readonly Finding[]) =>
    given(check, name, announcer, (value) =>
      value ? judge(value) : [finding(check, 'skipped', `keepalived.conf has no ${name}`, { subject: name })],
    )
  const set = announcer.known
    ? known(announcer.value?.instances.flatMap(({ addresses }) => addresses) ?? [])
    : announcer
  const vips = await Promise.all(
    readVips(config.instances[name]?.vips ?? []).map(async (vip) => {
      const isHidden = doubts.length > 0 && set.known && !set.value.includes(vipText(vip.vip))
      return judgeVip(vip, await readSysctl(vip.vip), isHidden ? unknown(unparsed(doubts)) : set, name)
    }),
  )
  return [
    ...underDoubt(doubts, [
      ...given('vrrp-instance', name, conf, (value) => judgeVrrpInstance(value, place.path, name)),
      ...ofAnnouncer('unicast', (value) => judgeUnicast(value, cluster)),
      ...ofAnnouncer('events', (value) => judgeEvents(value, fifo, ifKnown(version), readers)),
      ...ofAnnouncer('lower-priority', (value) => judgeLowerPriority(value, fifo)),
    ]),
    ...vips,
  ]
}

/** The first hook's user, which usually runs them all; undefined if no hook is known to call us. */
async function userOfHooks([hook]: readonly Hook[], { local }: NodeContext): Promise<Fact<User> | undefined> {
  return hook && learn(() => userOf(hook.script, ifKnown(local.conf)?.scriptUser))
}

/** Checks what the hooks' users must be able to do. @param user of the first; undefined if no hook is known to call us */
async function examineHooks(
  hooks: readonly Hook[],
  user: Fact<User> | undefined,
  { local: { conf, process }, place: { configPath, stateDirectory } }: NodeContext,
): Promise<readonly Finding[]> {
  if (!conf.known || !user) {
    const verdict = conf.known ? 'skipped' : 'unknown'
    const found = conf.known ? 'no hook is known to call vip-switch' : conf.why
    return (['script-user', 'state-directory'] as const).map((check) => finding(check, verdict, found))
  }
  const searchPath = searchPathOf(process.kind === 'running' ? process.process.pid : undefined)
  const scriptUser = conf.value?.scriptUser
  const scripts = hooks.map(({ script }) => script)
  return [
    ...(await examineScriptUsers(scripts, { configPath, searchPath, scriptUser })),
    ...(user.known ? examineState(stateDirectory, user.value) : [finding('state-directory', 'unknown', user.why)]),
  ]
}

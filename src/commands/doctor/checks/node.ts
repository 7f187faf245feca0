/** Checks this node: keepalived, the hooks' user, the host. */

import type { Script } from '../../../adapters/keepalived/conf/conf.ts'
import { searchPathOf } from '../../../adapters/keepalived/installation.ts'
import type { DaemonAnswer } from '../../../agent/control/status.ts'
import type { Config } from '../../../config/schema.ts'
import type { Check, Finding } from '../../../core/finding.ts'
import type { Cluster } from './cluster.ts'
import { type Fact, finding, given, ifKnown, known, learn } from './fact.ts'
import { judgeDaemon, judgeVip, readSysctl, readVips } from './host.ts'
import { judgeKeepalived, type Local } from './keepalived.ts'
import {
  type Announcer,
  announcerOf,
  judgeEvents,
  judgeLowerPriority,
  judgeUnicast,
  judgeVrrpInstance,
  waysOf,
} from './keepalived-conf.ts'
import { judgeScriptUser, tryAccess, tryScript, type User, userOf } from './script-user.ts'
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
  const each = await Promise.all(names.map((name) => examineInstance(name, context)))
  const hook = await userOfHooks(context)
  const runners = { daemon: await daemonUser(config.control), hook }
  return [
    ...judgeKeepalived(local),
    ...each.flat(),
    ...examineHooks(context, hook),
    ...names.flatMap((name) => judgeTransitionHooks(name, config, runners)),
    ...judgeDaemon(
      daemon,
      announcersOf(context).some(({ ways }) => ways.leadsToUs),
    ),
  ]
}

/** The config's entries that keepalived.conf also has. */
function announcersOf({ config, names, local: { conf } }: NodeContext) {
  const file = ifKnown(conf)
  return names.flatMap((name) => {
    const announcer = file && announcerOf(file, name)
    return announcer ? [{ announcer, ways: waysOf(announcer, config.keepalived.fifo) }] : []
  })
}

async function examineInstance(name: string, { config, local, cluster }: NodeContext): Promise<readonly Finding[]> {
  const { conf, place, version } = local
  const { fifo } = config.keepalived
  const announcer = conf.known ? known(conf.value && announcerOf(conf.value, name)) : conf
  const ofAnnouncer = (check: Check, judge: (value: Announcer) => readonly Finding[]) =>
    given(check, name, announcer, (value) =>
      value ? judge(value) : [finding(check, 'skipped', `keepalived.conf has no ${name}`, { subject: name })],
    )
  const set = announcer.known
    ? known(announcer.value?.instances.flatMap(({ addresses }) => addresses) ?? [])
    : announcer
  const vips = await Promise.all(
    readVips(config.instances[name]?.vips ?? []).map(async (vip) =>
      judgeVip(vip, await readSysctl(vip.vip), set, name),
    ),
  )
  return [
    ...given('vrrp-instance', name, conf, (value) => judgeVrrpInstance(value, place.path, name)),
    ...ofAnnouncer('unicast', (value) => judgeUnicast(value, cluster)),
    ...ofAnnouncer('events', (value) => judgeEvents(value, fifo, ifKnown(version))),
    ...ofAnnouncer('lower-priority', (value) => judgeLowerPriority(value, fifo)),
    ...vips,
  ]
}

/** keepalived's hook that calls us. Usually all have the same user, so only the first is checked. */
function scriptOf(context: NodeContext): Script | undefined {
  return announcersOf(context).flatMap(({ ways }) => (ways.hook && ways.leadsToUs ? [ways.hook] : []))[0]
}

/** The hooks' user, if any hook is known to call us. */
async function userOfHooks(context: NodeContext): Promise<Fact<User> | undefined> {
  const script = scriptOf(context)
  return script && learn(() => userOf(script, ifKnown(context.local.conf)?.scriptUser))
}

/** Checks what the hooks' user must be able to do. @param user undefined if no hook is known to call us */
function examineHooks(context: NodeContext, user: Fact<User> | undefined): readonly Finding[] {
  const { local, place } = context
  const { conf } = local
  if (!conf.known)
    return (['script-user', 'state-directory'] as const).map((check) => finding(check, 'unknown', conf.why))
  const script = scriptOf(context)
  if (!script || !user) {
    const found = 'no hook is known to call vip-switch'
    return (['script-user', 'state-directory'] as const).map((check) => finding(check, 'skipped', found))
  }
  if (!user.known) return [...judgeScriptUser(user, undefined), finding('state-directory', 'unknown', user.why)]
  const pid = local.process.kind === 'running' ? local.process.process.pid : undefined
  return [
    ...judgeScriptUser(user, {
      script: tryScript(script, user.value, searchPathOf(pid)),
      config: tryAccess(user.value, place.configPath, 'r'),
    }),
    ...examineState(place.stateDirectory, user.value),
  ]
}

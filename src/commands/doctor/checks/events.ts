/** Checks that keepalived sends us every event: through the FIFO, and by its notify scripts. */
import type { NotifyFifo, NotifyKeyword, Script } from '../../../adapters/keepalived/conf/conf.ts'
import type { FifoReader } from '../../../adapters/keepalived/fifo-readers.ts'
import { compareVersions } from '../../../adapters/keepalived/version.ts'
import { vipSwitch } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import type { Announcer } from './announcer.ts'
import { type Fact, finding } from './fact.ts'
import { type Call, callOf, programIn, rightLine, STATES_OF, type Told } from './hook-script.ts'

const LOWER_PRIORITY = 'notify_master_rx_lower_pri'

/** The states without which nobody moves routes, or gives them up. */
const NEEDED = ['MASTER', 'BACKUP', 'FAULT', 'STOP'] as const

/** A script of the announcer, or of a member of the group. */
export type Hook = {
  readonly keyword: NotifyKeyword
  readonly script: Script
  /** Whose script it is. */
  readonly by: Told
  readonly call: Call
}

export function hooksOf(announcer: Announcer): Hook[] {
  const { group, instances } = announcer
  const about = aboutOf(announcer)
  const owners = [
    ...(group ? [{ by: about, scripts: group.scripts }] : []),
    ...instances.map((each) => ({ by: { type: 'INSTANCE', name: each.name } as const, scripts: each.scripts })),
  ]
  return owners.flatMap(({ by, scripts }) =>
    Array.from(scripts, ([keyword, script]) => ({
      keyword,
      script,
      by,
      call: callOf(keyword, script.command, about, by),
    })),
  )
}

/** The hooks for changes of state that keepalived runs for the entry itself, not for the group's members. */
function stateHooksOf(announcer: Announcer): Hook[] {
  return hooksOf(announcer).filter(({ keyword, by }) => keyword !== LOWER_PRIORITY && by.name === announcer.name)
}

/** Whether a hook moves the routes here if no daemon does. */
export function hooksMove(announcer: Announcer): boolean {
  return coveredBy(stateHooksOf(announcer)).includes('MASTER')
}

const aboutOf = ({ name, group }: Announcer): Told => ({ type: group ? 'GROUP' : 'INSTANCE', name })

function coveredBy(hooks: readonly Hook[]): string[] {
  return hooks.flatMap(({ keyword, call }) => (call.kind === 'right' ? STATES_OF[keyword] : []))
}

/**
 * The FIFO is fast and ordered, the hook works without a daemon: each is the other's fallback.
 * @param version of keepalived, which may be too old for a setting
 * @param readers processes besides the daemon that read the FIFO
 */
export function judgeEvents(
  announcer: Announcer,
  fifo: string,
  version: readonly number[] | undefined,
  readers: Fact<readonly FifoReader[]>,
): readonly Finding[] {
  const { name: subject, conf } = announcer
  const own = conf.fifos.find(({ path }) => path === fifo)
  const problems = [
    ...wrongCalls(announcer, 'events', (keyword) => keyword !== LOWER_PRIORITY),
    ...lackingWay(announcer, fifo),
    ...(own ? otherReaders(own, readers, subject) : []),
  ]
  if (problems.length > 0) return problems
  const mend = { command: vipSwitch('keepalived-config', subject) }
  const missing = missingSettings(announcer, version)
  if (missing.length > 0) return [finding('events', 'warn', missing.join('; '), { subject, mend })]
  return [finding('events', 'ok', `${own?.keyword ?? ''} and notify`, { subject })]
}

function lackingWay(announcer: Announcer, fifo: string): Finding[] {
  const { name: subject, conf } = announcer
  const hasFifo = conf.fifos.some(({ path }) => path === fifo)
  const stray = hasFifo ? '' : strayText(conf.fifos, fifo)
  const mend = strayMend(conf.fifos, fifo) ?? { command: vipSwitch('keepalived-config', subject) }
  const hooks = stateHooksOf(announcer)
  const say = (verdict: Finding['verdict'], found: string) => [
    finding('events', verdict, `${found}${stray}`, { subject, mend }),
  ]
  if (hooks.length === 0 && !hasFifo)
    return say('fail', 'neither notify nor vrrp_notify_fifo: vip-switch gets no events')
  const unclear = hooks.find(({ call }) => call.kind === 'unclear')
  const missing = NEEDED.filter((state) => !coveredBy(hooks).includes(state))
  if (unclear && missing.length > 0) {
    const found = `cannot tell whether ${unclear.script.command.join(' ')} calls vip-switch`
    return say(hasFifo ? 'unknown' : 'warn', found)
  }
  if (hooks.length === 0) return say('warn', 'no notify: without the daemon, no route moves')
  const isWrong = hooks.some(({ call }) => call.kind === 'wrong')
  if (missing.length > 0 && !isWrong) {
    return say('warn', `no notify, and no script for ${missing.join(', ')}: without the daemon, nobody hears of that`)
  }
  if (!hasFifo) return say('warn', 'no vrrp_notify_fifo: each event starts a process, and their order may be lost')
  return []
}

/** keepalived has one FIFO of each kind, from the first entry. */
function strayText(fifos: readonly NotifyFifo[], fifo: string): string {
  const first = fifos.find(({ ignored }) => ignored.includes(fifo))
  if (first) return ` (the first ${first.keyword} is ${first.path}, and keepalived ignores the other, ${fifo})`
  const paths = fifos.map(({ path }) => path).join(', ')
  return paths ? ` (vrrp_notify_fifo is ${paths}, but the daemon reads ${fifo})` : ''
}

function strayMend(fifos: readonly NotifyFifo[], fifo: string) {
  const first = fifos.find(({ ignored }) => ignored.includes(fifo))
  if (!first || fifos.some(({ path }) => path === fifo)) return undefined
  const free = (['vrrp_notify_fifo', 'notify_fifo'] as const).find(
    (each) => !fifos.some(({ keyword }) => keyword === each),
  )
  const advice = free
    ? `write ${free} ${fifo} instead: keepalived has one of each`
    : `remove ${first.keyword} ${first.path}`
  return { advice }
}

function otherReaders(
  { keyword, script, path }: NotifyFifo,
  readers: Fact<readonly FifoReader[]>,
  subject: string,
): Finding[] {
  const free = keyword === 'notify_fifo' ? 'vrrp_notify_fifo' : 'notify_fifo'
  const effect = 'each event reaches one reader alone, and the daemon hears of it late'
  if (script) {
    const found = `${keyword}_script starts ${script.command.join(' ')}, which reads ${path}, too: ${effect}`
    const advice = `remove ${keyword}_script, or give it another FIFO with ${free} and ${free}_script`
    return [finding('events', 'warn', found, { subject, mend: { advice } })]
  }
  if (!readers.known)
    return [finding('events', 'unknown', `cannot tell who reads ${path}: ${readers.why}`, { subject })]
  return readers.value.map(({ pid, command }) => {
    const advice = `stop it, or give it another FIFO with ${free} in keepalived.conf`
    return finding('events', 'warn', `process ${pid} (${command}) reads ${path}, too: ${effect}`, {
      subject,
      mend: { advice },
    })
  })
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
  // For a group, a FIFO only reports its members, under names that are not in our config.
  const isTold = conf.fifos.some(({ path }) => path === fifo) && !group
  const hooks = hooksOf(announcer).filter(({ keyword }) => keyword === LOWER_PRIORITY)
  const problems = instances.flatMap(({ name: subject }) => {
    const hook = hooks.find(({ by }) => by.name === subject)
    if (!hook) {
      const found = isTold
        ? 'no notify_master_rx_lower_pri: without the daemon, a route lost in a blip stays lost'
        : 'no notify_master_rx_lower_pri: a route lost in a blip stays lost'
      return [finding('lower-priority', isTold ? 'warn' : 'fail', found, { subject, mend })]
    }
    const text = hook.script.command.join(' ')
    return hook.call.kind === 'unclear'
      ? [finding('lower-priority', 'unknown', `cannot tell whether ${text} calls vip-switch`, { subject, mend })]
      : []
  })
  const all = [...wrongCalls(announcer, 'lower-priority', (keyword) => keyword === LOWER_PRIORITY), ...problems]
  return all.length > 0 ? all : [finding('lower-priority', 'ok', LOWER_PRIORITY, { subject: name })]
}

/** Each is the keyword's own mistake: it may also be of a member of the group, whose own state our config does not have. */
function wrongCalls(
  announcer: Announcer,
  check: 'events' | 'lower-priority',
  isAsked: (keyword: NotifyKeyword) => boolean,
): Finding[] {
  const about = aboutOf(announcer)
  return hooksOf(announcer).flatMap(({ keyword, script, by, call }) => {
    if (call.kind !== 'wrong' || !isAsked(keyword)) return []
    const isMembers = keyword !== LOWER_PRIORITY && by.name !== about.name
    const program = programIn(script.command) ?? []
    const line = rightLine(keyword, program, about)
    const advice = isMembers
      ? `remove ${keyword} from vrrp_instance ${by.name}: its group ${about.name} has its own`
      : `in ${by.type === 'GROUP' ? 'vrrp_sync_group' : 'vrrp_instance'} ${by.name}, write: ${line}`
    const found = `${keyword} ${JSON.stringify(script.command.join(' '))} fails each time: ${call.why}`
    return [finding(check, isMembers ? 'warn' : 'fail', found, { subject: by.name, mend: { advice } })]
  })
}

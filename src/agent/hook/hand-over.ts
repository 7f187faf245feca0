/**
 * The first thing that a hook does: its event is put on record, and offered to the daemon, who takes it as a rule. So
 * nothing is loaded here that only a hook needs which has to act itself: no YAML, no schema, no log.
 */
import { readFileSync } from 'node:fs'
import { DEFAULT_CONTROL_PATH } from '../../config/paths.ts'
import { Failure, messageOf } from '../../errors.ts'
import { eventText, isMaster, type VrrpEvent } from '../../keepalived/event.ts'
import {
  isAtWork,
  isNewer,
  type JournalEntry,
  type Moment,
  momentOf,
  newestEvent,
  recordEvent,
  secondsBetween,
} from '../../keepalived/journal.ts'
import { exchangeLine } from '../daemon/control-line.ts'

/** Proofs of a lower master come once per advert, five a second; one a second is acted upon. */
const RX_LOWER_PRI_SPACING_SECONDS = 1
/** What the daemon says when it takes an event; anything else is for those who know its schema. */
const TAKEN = '{"ok":true,"status":"taken"}'

/** Something to be logged, by a hook that gets so far as to open its log. */
export type Remark = {
  readonly level: 'debug' | 'warn' | 'error'
  readonly text: string
  readonly hint?: string | undefined
}

export type HandOver =
  | { readonly kind: 'taken' }
  /** Another hook is on it. */
  | { readonly kind: 'coalesced' }
  /** No daemon takes the event: this hook has to act. */
  | {
      readonly kind: 'ours'
      readonly moment: Moment
      /** Of the event before, as it was recorded; undefined: none is. */
      readonly previous: string | undefined
      readonly remarks: readonly Remark[]
    }

type Places = { readonly configPath: string; readonly stateDirectory: string }

/**
 * Records the event and offers it to the daemon.
 * @throws Failure of kind `superseded` when a newer event is recorded, or known to the daemon
 */
export async function handOver(event: VrrpEvent, { configPath, stateDirectory }: Places): Promise<HandOver> {
  const remarks: Remark[] = []
  const remark = (each: Remark) => remarks.push(each)
  const moment = momentOf()
  const newest = () => newestRecorded(stateDirectory, event, moment, remark)
  const before = newest()
  if (event.state === 'MASTER_RX_LOWER_PRI' && isCoalesced(before, moment)) return { kind: 'coalesced' }
  record(stateDirectory, event, moment, remark)
  assertNewest(newest(), moment, event)
  const why = await offer(await controlPath(configPath), event, moment)
  if (why === undefined) return { kind: 'taken' }
  return { kind: 'ours', moment, previous: before?.state, remarks: [...remarks, why] }
}

/**
 * A new master goes on even where nothing can be recorded (a full disk, say): a route that stays at the old one is a
 * certain outage, two hooks that cross a rare one.
 */
function record(stateDirectory: string, event: VrrpEvent, moment: Moment, remark: (each: Remark) => void): void {
  try {
    recordEvent(stateDirectory, event, moment)
  } catch (error) {
    const text = `cannot record the event: ${messageOf(error)}`
    const hint = stateHint(stateDirectory)
    if (!isMaster(event)) throw new Failure('failed', text, { hint, cause: error })
    remark({ level: 'error', text: `${text}; going on without`, hint })
  }
}

const stateHint = (directory: string) =>
  `make ${directory} writable for keepalived's script_user, or choose another with --state-dir`

/** The newest event on record; none, with a remark, where the record cannot be read. */
export function newestRecorded(
  stateDirectory: string,
  { name }: VrrpEvent,
  { boot }: Moment,
  remark: (each: Remark) => void,
): JournalEntry | undefined {
  try {
    return newestEvent(stateDirectory, name, boot)
  } catch (error) {
    remark({
      level: 'error',
      text: `cannot see whether a newer event is recorded: ${messageOf(error)}`,
      hint: stateHint(stateDirectory),
    })
    return undefined
  }
}

/** Whether nothing can be new to this proof of a lower master: another hook has just begun, or is still at work. */
function isCoalesced(newest: JournalEntry | undefined, moment: Moment): boolean {
  if (!newest?.state.startsWith('MASTER')) return false
  return secondsBetween(newest, moment) < RX_LOWER_PRI_SPACING_SECONDS || (!newest.isDone && isAtWork(newest))
}

/**
 * A proof of a lower master is no change of state: it supersedes nothing.
 * @throws Failure of kind `superseded`
 */
export function assertNewest(newest: JournalEntry | undefined, moment: Moment, event: VrrpEvent): void {
  if (newest && newest.state !== 'MASTER_RX_LOWER_PRI' && isNewer(newest, moment)) {
    throw new Failure('superseded', `${eventText(event)} is superseded by a newer event, ${newest.state}`)
  }
}

/** Why the daemon, whose connection is warm and who knows what the others claim, does not take it; undefined: it does. */
async function offer(path: string, event: VrrpEvent, moment: Moment): Promise<Remark | undefined> {
  const { type, name, state, priority = 0 } = event
  const request = { ask: 'event', values: [type, name, state, `${priority}`], moment }
  let line: string
  try {
    line = await exchangeLine(path, JSON.stringify(request))
  } catch (error) {
    return { level: 'debug', text: `no daemon: ${messageOf(error)}` }
  }
  if (line === TAKEN) return undefined
  const { parseAnswer } = await import('../daemon/control.ts')
  const answer = parseAnswer(line)
  if (answer.ok && answer.status === 'superseded') {
    throw new Failure('superseded', `${eventText(event)} is superseded by a newer event, says the daemon`)
  }
  const what = answer.ok ? line : answer.error
  return { level: 'warn', text: `the daemon does not take ${eventText(event)}: ${what}` }
}

/**
 * The config's socket, without its parser where it names none, or as plainly as can be. The default one where the config
 * cannot be read, since a STOP must be told all the same.
 */
export async function controlPath(configPath: string): Promise<string> {
  try {
    const text = readFileSync(configPath, 'utf8')
    if (!text.includes('control')) return DEFAULT_CONTROL_PATH
    const [, plain] = /^control: +(\/[\w./-]+)$/m.exec(text) ?? []
    if (plain) return plain
    const { parseConfig } = await import('../../config/load.ts')
    const config = parseConfig(text)
    return Array.isArray(config) ? DEFAULT_CONTROL_PATH : config.control
  } catch {
    return DEFAULT_CONTROL_PATH // What is wrong with the config is said where the config is needed.
  }
}

/**
 * The first thing a hook does: it records its event and offers it to the daemon, which usually takes it. So nothing is
 * loaded here that is needed only by a hook that has to act itself: no YAML, no schema, no log.
 */
import { existsSync } from 'node:fs'
import { eventText, parseEventArguments, type VrrpEvent } from '../../adapters/keepalived/event.ts'
import { Failure, hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { exchangeLine } from '../control/line.ts'
import { isCoalesced, type JournalEntry, type Moment, newestOf, supersederOf } from '../node/event-order.ts'
import { isAtWork, momentOf, recordEvent, recordedEvents } from '../node/journal.ts'

/** The daemon's answers when it takes an event, or knows a newer one. */
const TAKEN = '{"ok":true,"status":"taken"}'
const SUPERSEDED = '{"ok":true,"status":"superseded"}'

/** A message to log, if the hook gets as far as opening its log. */
export type Remark = {
  readonly level: 'debug' | 'warn' | 'error'
  readonly text: string
  readonly hint?: string | undefined
}

export function tellRemarks(remarks: readonly Remark[], log: Log): void {
  for (const { level, text, hint } of remarks) log[level]({ hint }, text)
}

export type HandOver =
  | { readonly kind: 'taken'; readonly remarks: readonly Remark[] }
  /** Another hook is handling it. */
  | { readonly kind: 'coalesced' }
  /** Plain data, because the two bundles (build.mjs) each have a Failure class of their own. */
  | { readonly kind: 'failed'; readonly failure: Pick<Failure, 'kind' | 'message' | 'hint'> }
  /** No daemon takes the event, so this hook has to act. */
  | {
      readonly kind: 'ours'
      readonly event: VrrpEvent
      readonly moment: Moment
      /** The other events on record. */
      readonly others: readonly JournalEntry[]
      readonly isRecorded: boolean
      readonly remarks: readonly Remark[]
    }

type Places = { readonly controlPath: string; readonly stateDirectory: string }

/**
 * Records the event and offers it to the daemon.
 * @param values the arguments that keepalived appends to a `notify` script
 */
export async function handOver(values: readonly string[], places: Places): Promise<HandOver> {
  try {
    return await handEventOver(parseEventArguments(values), places)
  } catch (error) {
    const { kind, message, hint } = error instanceof Failure ? error : new Failure('failed', messageOf(error))
    return { kind: 'failed', failure: { kind, message, hint } }
  }
}

async function handEventOver(event: VrrpEvent, { controlPath, stateDirectory }: Places): Promise<HandOver> {
  const remarks: Remark[] = []
  const remark = (each: Remark) => remarks.push(each)
  const moment = momentOf()
  const readRecord = () => eventsOnRecord(stateDirectory, event, moment, remark)
  if (event.state === 'MASTER_RX_LOWER_PRI' && isCoalesced(newestOf(readRecord(), moment.boot), moment, isAtWork)) {
    return { kind: 'coalesced' }
  }
  const recorded = record(stateDirectory, event, moment, remark)
  const onRecord = recorded ?? readRecord()
  assertNewest(onRecord, moment, event)
  const why = await offer(controlPath, event, moment)
  if (why === undefined) return { kind: 'taken', remarks }
  const others = onRecord.filter(({ ticks, pid }) => ticks !== moment.ticks || pid !== moment.pid)
  return { kind: 'ours', event, moment, others, isRecorded: recorded !== undefined, remarks: [...remarks, why] }
}

/**
 * Records the event. A hook continues even if it cannot, as on a full disk: a route left at the old master is a certain
 * outage, two hooks crossing each other a rare one.
 * @returns the events now on record; undefined if the event could not be recorded
 */
function record(
  stateDirectory: string,
  event: VrrpEvent,
  moment: Moment,
  remark: (each: Remark) => void,
): readonly JournalEntry[] | undefined {
  try {
    return recordEvent(stateDirectory, event, moment, (text) => remark({ level: 'warn', text }))
  } catch (error) {
    const hint = hintOf(error) ?? stateHint(stateDirectory)
    remark({ level: 'error', text: `cannot record the event: ${messageOf(error)}; continuing without it`, hint })
    return undefined
  }
}

const stateHint = (directory: string) =>
  `make keepalived's script_user the owner of ${directory}/hooks, or choose another directory with --state-dir`

/** The events on record; none, with a remark, if they cannot be read. */
export function eventsOnRecord(
  stateDirectory: string,
  { name }: VrrpEvent,
  moment: Moment,
  remark: (each: Remark) => void,
): readonly JournalEntry[] {
  try {
    return recordedEvents(stateDirectory, name, moment)
  } catch (error) {
    remark({
      level: 'error',
      text: `cannot tell whether a newer event is recorded: ${messageOf(error)}`,
      hint: hintOf(error) ?? stateHint(stateDirectory),
    })
    return []
  }
}

/** @throws Failure `superseded` if a newer event is recorded */
export function assertNewest(entries: readonly JournalEntry[], moment: Moment, event: VrrpEvent): void {
  const newer = supersederOf(entries, moment)
  if (newer) throw new Failure('superseded', `${eventText(event)} is superseded by a newer event, ${newer.state}`)
}

/**
 * Offers the event to the daemon, whose connections are warm and which knows the others' claims.
 * @returns undefined if the daemon takes it, else why not
 */
async function offer(path: string, event: VrrpEvent, moment: Moment): Promise<Remark | undefined> {
  const { type, name, state, priority = 0 } = event
  const request = { ask: 'event', values: [type, name, state, `${priority}`], moment }
  if (!existsSync(path)) return { level: 'debug', text: `no daemon: no socket at ${path}` }
  let line: string
  try {
    line = await exchangeLine(path, JSON.stringify(request))
  } catch (error) {
    return { level: 'debug', text: `no daemon: ${messageOf(error)}` }
  }
  if (line === TAKEN) return undefined
  if (line === SUPERSEDED) {
    throw new Failure('superseded', `${eventText(event)} is superseded by a newer event, according to the daemon`)
  }
  return { level: 'warn', text: `the daemon refuses ${eventText(event)}: ${line}` }
}

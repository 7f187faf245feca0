/**
 * Which of a VRRP instance's recorded events counts. Pure: both the hooks and their simulation follow these rules.
 *
 * keepalived forks hooks and does not wait for them: they run concurrently, in any order, seconds late under load
 * (core/notify.c). Only the moment of the fork tells which event is newer.
 */
import type { EventState } from '../../adapters/keepalived/event.ts'

/** When a process was forked, comparable within one boot. */
export type Moment = {
  readonly boot: string
  /** Clock ticks since boot, 100 a second on Linux (proc(5), starttime). */
  readonly ticks: number
  /** Breaks ties within a tick: pids are assigned in ascending order. */
  readonly pid: number
}

/** An event on record. */
export type JournalEntry = Moment & {
  readonly state: string
  /** Whether the event's own work is done; its process may still be running transition hooks. */
  readonly isDone: boolean
}

export const TICKS_PER_SECOND = 100

/** Besides the newest event, as many MASTER events of the last minute are kept as make the next edge a held one. */
const REMEMBERED_MASTERS = 2
const REMEMBERED_SECONDS = 60
/** Proofs of a lower master come once per advert, five a second; one a second is acted on. */
const RX_LOWER_PRI_SPACING_SECONDS = 1

const PROOF: EventState = 'MASTER_RX_LOWER_PRI'

/** Whether `a` was forked after `b`, both since the same boot. */
export function isNewer(a: Moment, b: Moment): boolean {
  return a.ticks === b.ticks ? a.pid > b.pid : a.ticks > b.ticks
}

/** Seconds from `earlier` to `later`. */
export function secondsBetween(earlier: Moment, later: Moment): number {
  return (later.ticks - earlier.ticks) / TICKS_PER_SECOND
}

/** The newest event since this boot. */
export function newestOf(entries: readonly JournalEntry[], boot: string): JournalEntry | undefined {
  return entries
    .filter((entry) => entry.boot === boot)
    .reduce<JournalEntry | undefined>((newest, entry) => (newest && isNewer(newest, entry) ? newest : entry), undefined)
}

/** The MASTER events before this moment, newest first. */
export function mastersBefore(entries: readonly JournalEntry[], moment: Moment): JournalEntry[] {
  return mastersOf(entries, moment.boot).filter((entry) => isNewer(moment, entry))
}

/** Entries no longer needed, neither for the order of events nor to tell whether the next edge is held. */
export function outdated(entries: readonly JournalEntry[], boot: string): JournalEntry[] {
  const newest = newestOf(entries, boot)
  if (!newest) return []
  const newestState = newestOf(entries.filter(isState), boot)
  const recent = mastersOf(entries, boot).filter((entry) => secondsBetween(entry, newest) < REMEMBERED_SECONDS)
  // The newest event may be one of them.
  const kept = new Set([newest, newestState, ...recent.slice(0, REMEMBERED_MASTERS + 1)])
  return entries.filter((entry) => !kept.has(entry))
}

/**
 * Whether a proof of a lower master brings nothing new: another hook for MASTER began less than a second ago, or is still
 * working.
 * @param newest the newest event recorded before this one, if any
 * @param isAtWork whether that event's process is still running
 */
export function isCoalesced(
  newest: JournalEntry | undefined,
  moment: Moment,
  isAtWork: (entry: JournalEntry) => boolean,
): boolean {
  if (!newest?.state.startsWith('MASTER')) return false
  return secondsBetween(newest, moment) < RX_LOWER_PRI_SPACING_SECONDS || (!newest.isDone && isAtWork(newest))
}

/** The newer event that supersedes one of that moment, if there is one. */
export function supersederOf(entries: readonly JournalEntry[], moment: Moment): JournalEntry | undefined {
  const newest = newestOf(entries.filter(isState), moment.boot)
  return newest && isNewer(newest, moment) ? newest : undefined
}

/** A proof of a lower master is not a change of state: it neither supersedes an event nor hides one that does. */
function isState({ state }: JournalEntry): boolean {
  return state !== PROOF
}

function mastersOf(entries: readonly JournalEntry[], boot: string): JournalEntry[] {
  return entries
    .filter((entry) => entry.boot === boot && entry.state === 'MASTER')
    .sort((a, b) => (isNewer(a, b) ? -1 : 1))
}

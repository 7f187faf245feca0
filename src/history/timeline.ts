/** The history as a timeline: what lasted how long, and which transition was the last. Pure. */
import type { LastTransition } from '../core/overview.ts'
import type { AnyEntry, Entry } from './entry.ts'

/** How long a state or a condition lasted; `isOver`: whether it has ended. */
export type Lasted = { readonly ms: number; readonly isOver: boolean }

export type TimelineRow = {
  readonly entry: AnyEntry
  /** Of a transition, and of the first decision with its condition, unless its end is not known. */
  readonly lasted: Lasted | undefined
}

/** What lasts from one entry until another: a state or a condition of a VRRP instance. */
type Beginning = { readonly thread: string; readonly what: string; readonly entry: AnyEntry }

function beginningOf(entry: AnyEntry): Beginning | undefined {
  if (entry.kind === 'transition') return { thread: `state of ${entry.instance}`, what: entry.to, entry }
  if (entry.kind === 'decision') return { thread: `condition of ${entry.instance}`, what: entry.condition, entry }
  return undefined
}

/**
 * @param entries the oldest first
 * @param watchedUntil until when a daemon has watched, in milliseconds since the epoch; undefined if none runs now, so that
 *   nobody knows what still lasts
 */
export function timelineOf(entries: readonly AnyEntry[], watchedUntil: number | undefined): TimelineRow[] {
  const lasted = new Map<AnyEntry, Lasted>()
  /** What lasts now, by its thread. */
  const lasting = new Map<string, Beginning>()
  const end = ({ entry }: Beginning, at: number) => lasted.set(entry, { ms: at - entry.at, isOver: true })
  for (const entry of entries) {
    for (const watched of unwatchedFrom(entry, lasting)) {
      lasting.delete(watched.thread)
      // After a daemon that was killed, nobody knows.
      if (isStop(entry)) end(watched, entry.at)
    }
    const beginning = beginningOf(entry)
    const before = beginning && lasting.get(beginning.thread)
    if (!beginning || before?.what === beginning.what) continue
    if (before) end(before, entry.at)
    lasting.set(beginning.thread, beginning)
  }
  if (watchedUntil !== undefined) {
    for (const { entry } of lasting.values()) lasted.set(entry, { ms: watchedUntil - entry.at, isOver: false })
  }
  return entries.map((entry) => ({ entry, lasted: lasted.get(entry) }))
}

const isStop = (entry: AnyEntry) => entry.kind === 'daemon' && entry.what === 'stopped'
const isStart = (entry: AnyEntry) => entry.kind === 'daemon' && entry.what === 'started'

/** The conditions that a daemon watched until it stopped, or was found to have ended. */
function unwatchedFrom(entry: AnyEntry, lasting: ReadonlyMap<string, Beginning>): Beginning[] {
  if (!isStop(entry) && !isStart(entry)) return []
  return [...lasting.values()].filter((each) => each.entry.kind === 'decision' && each.entry.by === 'daemon')
}

/** This node's last transition of a VRRP instance. @param entries the oldest first */
export function lastTransitionOf(entries: readonly AnyEntry[], instance: string): LastTransition | undefined {
  const own = entries.filter((entry) => entry.instance === instance)
  let transition: AnyEntry | undefined
  for (const entry of own) {
    // A daemon that starts finds what may have been so for long.
    if (entry.kind === 'transition' && !(transition?.kind === 'transition' && transition.to === entry.to))
      transition = entry
  }
  if (transition?.kind !== 'transition') return undefined
  const writes = own
    .slice(own.indexOf(transition) + 1)
    .find((entry) => entry.kind === 'writes' && entry.since === 'event')
  return {
    eni: transition.eni,
    state: transition.to,
    at: transition.at,
    acceptedMs: writes ? acceptedMs(writes) : undefined,
  }
}

function acceptedMs(entry: AnyEntry): number | undefined {
  if (entry.kind !== 'writes' || entry.failed + entry.waiting + entry.ended > 0) return undefined
  return entry.ms ?? undefined
}

/** Whether an entry is about the instance: those about all of them are, too. */
export function isAbout(entry: Pick<Entry, 'instance'>, instance: string | undefined): boolean {
  return instance === undefined || entry.instance === null || entry.instance === instance
}

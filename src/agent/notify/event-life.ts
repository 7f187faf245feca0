/** What a single event's agent starts with, how long it may take, and when it is done. Pure, like the protocol. */
import type { EventState } from '../../adapters/keepalived/event.ts'
import { isPublished, progressOf } from '../../core/protocol/single-event.ts'
import type { ProtocolState } from '../../core/protocol/state.ts'
import { type JournalEntry, type Moment, mastersBefore, secondsBetween } from '../node/event-order.ts'

/** In milliseconds, like all below. */
export const DEADLINE = 60_000
/** The age of the process at which to end: keepalived kills a STOP hook a second after forking it (vrrp_notify.c). */
const STOP_ENDS = 900
/** The most time to spend on a claim that says that this node is down. */
const LONGEST_FAREWELL = 5000
/** A claim not published by then is left to the next event. */
export const LONGEST_PUBLISH = 5000

/** How long an event's work may take, in a process that is `age` milliseconds old. */
export function timeFor(state: EventState, age: number): number {
  switch (state) {
    case 'STOP':
      return Math.max(0, STOP_ENDS - age)
    case 'FAULT':
    case 'DELETED':
      return LONGEST_FAREWELL
    case 'MASTER':
    case 'MASTER_RX_LOWER_PRI':
    case 'BACKUP':
      return DEADLINE
  }
}

/** Whether the event needs reads. The others only publish the state. */
export function needsReads(state: EventState): boolean {
  return state === 'MASTER' || state === 'MASTER_RX_LOWER_PRI' || state === 'BACKUP'
}

/** When this node's earlier edges began, on the clock that now reads `now`. */
export function earlierEdges(entries: readonly JournalEntry[], moment: Moment, now: number): number[] {
  return mastersBefore(entries, moment).map((entry) => now - 1000 * secondsBetween(entry, moment))
}

/** Which calls EC2 has definitively refused. */
export type Refused = { readonly read: boolean; readonly publish: boolean }

/** Whether there is nothing left to wait for. @param startedAt when the agent began, on the same clock as `now` */
export function isOver(state: ProtocolState, startedAt: number, now: number, refused: Refused): boolean {
  if (progressOf(state, now) === 'pending' && !isBlind(state, refused)) return false
  return isPublished(state) || refused.publish || now - startedAt >= LONGEST_PUBLISH
}

/** Whether EC2 refuses the reads and nothing is left that can be done without them. */
function isBlind({ edge, keys, writing, readingSince }: ProtocolState, refused: Refused): boolean {
  return (!edge || keys.length === 0) && writing.length === 0 && readingSince === undefined && refused.read
}

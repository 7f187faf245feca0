/** What the agent of one event starts with, how long it may take, and when it is over. Pure, as the protocol is. */
import type { EventState } from '../../adapters/keepalived/event.ts'
import { isPublished, progressOf } from '../../core/protocol/single-event.ts'
import type { ProtocolState } from '../../core/protocol/state.ts'
import { type JournalEntry, type Moment, mastersBefore, secondsBetween } from '../node/event-order.ts'

/** Milliseconds, as all below. */
export const DEADLINE = 60_000
/** keepalived kills a hook of STOP a second after it was forked (vrrp_notify.c): of the process' life. */
const STOP_ENDS = 900
/** A claim that says that this node is down is worth no more than this. */
const LONGEST_FAREWELL = 5000
/** A claim that is not published by then is left to the next event. */
export const LONGEST_PUBLISH = 5000

/** How long the work of an event may take where its process is `age` milliseconds old. */
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

/** Whether anything is to be read. After the other events the cluster is told of the state, and that is all. */
export function needsReads(state: EventState): boolean {
  return state === 'MASTER' || state === 'MASTER_RX_LOWER_PRI' || state === 'BACKUP'
}

/** When earlier edges of this node began, on a clock on which it is `now`. */
export function earlierEdges(entries: readonly JournalEntry[], moment: Moment, now: number): number[] {
  return mastersBefore(entries, moment).map((entry) => now - 1000 * secondsBetween(entry, moment))
}

/** Which calls EC2 has refused for good. */
export type Refused = { readonly read: boolean; readonly publish: boolean }

/** Whether there is nothing more to wait for. @param startedAt when the agent began, on the same clock as `now` */
export function isOver(state: ProtocolState, startedAt: number, now: number, refused: Refused): boolean {
  if (progressOf(state, now) === 'pending' && !isBlind(state, refused)) return false
  return isPublished(state) || refused.publish || now - startedAt >= LONGEST_PUBLISH
}

/** EC2 refuses the reads, and nothing is left to be done without them. */
function isBlind({ edge, keys, writing, readingSince }: ProtocolState, refused: Refused): boolean {
  return (!edge || keys.length === 0) && writing.length === 0 && readingSince === undefined && refused.read
}

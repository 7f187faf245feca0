/** One step of the machine on its way, and what any part of it may ask for. */
import type { Condition } from '../decide.ts'
import type { Effect, Now, ProtocolState } from './state.ts'

/** A MASTER in conflict reads at least as often. Milliseconds. */
export const CONFLICT_INTERVAL = 2000
/** Nodes that are neither MASTER nor pinned read so many times more slowly, while nothing moves. */
const OTHERS_SLOWDOWN = 6
/** A read that EC2 throttles makes the next pause so many times longer, up to a limit; ten good reads take that back. */
const GROWTH_PER_THROTTLED_READ = 2
const SHRINKAGE_PER_GOOD_READ = 0.93
export const LONGEST_PAUSE_FACTOR = 12

const MOVING: ReadonlySet<Condition> = new Set(['SWITCHING', 'DRIFT', 'SPLIT-BRAIN', 'BLACKHOLE'])

export type Turn = { readonly state: ProtocolState; readonly effects: Effect[]; readonly now: Now }

/** One read at a time; one that is asked for meanwhile follows it, since what it should see may be newer. */
export function read({ state, effects, now }: Turn): void {
  if (state.readingSince !== undefined) {
    state.readNext = true
    return
  }
  state.readingSince = now.monotonic
  effects.push({ kind: 'read' })
}

/** The pause between two reads of a node in its role, where EC2 throttles none. */
function rolePause({ self, pin, decision, settings }: ProtocolState): number {
  const mayWrite = self.state === 'MASTER' || pin?.eni === self.eni
  const isMoving = decision !== undefined && MOVING.has(decision.condition)
  return mayWrite || isMoving ? settings.intervalMs : settings.intervalMs * OTHERS_SLOWDOWN
}

function isInConflict({ self, decision }: ProtocolState): boolean {
  return self.state === 'MASTER' && decision?.conflict === true
}

/** The longest pause between two reads of this node that is no gap. An account's other calls never slow a failover. */
export function readPause(state: ProtocolState): number {
  const mayGrow = !state.isNewMaster && !state.mayHaveRival && !isInConflict(state)
  return mayGrow ? rolePause(state) * state.pauseFactor : rolePause(state)
}

/** From one tick to the next. */
export function tickPause(state: ProtocolState): number {
  return isInConflict(state) ? Math.min(CONFLICT_INTERVAL, readPause(state)) : readPause(state)
}

/**
 * From a publish that failed to the next, at most: EC2 counts it in another bucket than reads. The next master waits for
 * one that is no master any more to say so.
 */
export function longestPublishPause(state: ProtocolState): number {
  const { self, mayBeSeenAsMaster, settings } = state
  const isWaitedFor = mayBeSeenAsMaster && self.state !== 'MASTER'
  if (isWaitedFor) return Math.min(CONFLICT_INTERVAL, settings.intervalMs)
  return Math.min(tickPause(state), rolePause(state))
}

export function scheduleTick({ state, now }: Turn): void {
  state.tickAt = now.monotonic + tickPause(state)
}

/** EC2 has throttled a read: the account asks for too much. */
export function growPause(turn: Turn): void {
  const { state } = turn
  const pause = tickPause(state)
  state.pauseFactor = Math.min(LONGEST_PAUSE_FACTOR, state.pauseFactor * GROWTH_PER_THROTTLED_READ)
  if (tickPause(state) !== pause) scheduleTick(turn)
}

/** Slowly, so that the nodes of an account do not all come back at once, only to be throttled again. */
export function shrinkPause({ state, now }: Turn): void {
  if (state.pauseFactor === 1) return
  state.pauseFactor = Math.max(1, state.pauseFactor * SHRINKAGE_PER_GOOD_READ)
  state.tickAt = Math.min(state.tickAt, now.monotonic + tickPause(state))
}

/** A step in progress, and what every part of the protocol may request: reads and ticks. */
import type { Condition } from '../decide.ts'
import type { Effect, Now } from './inputs-and-effects.ts'
import type { ProtocolState } from './state.ts'

/** A MASTER in conflict reads at least this often, in milliseconds. */
export const CONFLICT_INTERVAL = 2000
/** How many times more slowly nodes that are neither MASTER nor pinned read while nothing moves. */
const OTHERS_SLOWDOWN = 6
/** A throttled read stretches the next pause by this factor, up to a limit; ten good reads undo it. */
const GROWTH_PER_THROTTLED_READ = 2
const SHRINKAGE_PER_GOOD_READ = 0.93
export const LONGEST_PAUSE_FACTOR = 12

const MOVING: ReadonlySet<Condition> = new Set(['SWITCHING', 'DRIFT', 'SPLIT-BRAIN', 'BLACKHOLE'])

export type Turn = { readonly state: ProtocolState; readonly effects: Effect[]; readonly now: Now }

/** Reads, one at a time; a read requested meanwhile follows the current one, which may be too old to show what is wanted. */
export function read({ state, effects, now }: Turn): void {
  if (state.readingSince !== undefined) {
    state.readNext = true
    return
  }
  state.readingSince = now.monotonic
  effects.push({ kind: 'read' })
}

/** The pause between two reads for the node's role, without throttling. */
function rolePause({ self, pin, decision, settings }: ProtocolState): number {
  const mayWrite = self.state === 'MASTER' || pin?.eni === self.eni
  const isMoving = decision !== undefined && MOVING.has(decision.condition)
  return mayWrite || isMoving ? settings.intervalMs : settings.intervalMs * OTHERS_SLOWDOWN
}

function isInConflict({ self, decision }: ProtocolState): boolean {
  return self.state === 'MASTER' && decision?.conflict === true
}

/** The longest pause between this node's reads that is not a gap. Throttling never stretches it during a failover. */
export function readPause(state: ProtocolState): number {
  const mayGrow = !state.isNewMaster && !state.mayHaveRival && !isInConflict(state)
  return mayGrow ? rolePause(state) * state.pauseFactor : rolePause(state)
}

/** The pause from one tick to the next. */
export function tickPause(state: ProtocolState): number {
  return isInConflict(state) ? Math.min(CONFLICT_INTERVAL, readPause(state)) : readPause(state)
}

/**
 * The longest pause after a failed publish. Throttled reads do not stretch it: EC2 counts them in another bucket. It is
 * short for a former master, because the next one waits for it to say that it has stepped down.
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

/** Stretches the pauses after EC2 has throttled a read. */
export function growPause(turn: Turn): void {
  const { state } = turn
  const pause = tickPause(state)
  state.pauseFactor = Math.min(LONGEST_PAUSE_FACTOR, state.pauseFactor * GROWTH_PER_THROTTLED_READ)
  if (tickPause(state) !== pause) scheduleTick(turn)
}

/** Shrinks the pauses slowly, so that an account's nodes do not all return at once, only to be throttled again. */
export function shrinkPause({ state, now }: Turn): void {
  if (state.pauseFactor === 1) return
  state.pauseFactor = Math.max(1, state.pauseFactor * SHRINKAGE_PER_GOOD_READ)
  state.tickAt = Math.min(state.tickAt, now.monotonic + tickPause(state))
}

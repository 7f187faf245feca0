/** One step of the machine on its way, and what any part of it may ask for. */
import type { Condition } from '../../core/decide.ts'
import type { Effect, Now, ProtocolState } from './state.ts'

/** A MASTER in conflict reads at least as often. Milliseconds. */
export const CONFLICT_INTERVAL = 2000
/** Nodes that are neither MASTER nor pinned read so many times more slowly, while nothing moves. */
const OTHERS_SLOWDOWN = 6

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

/** The longest pause between two reads of this node that is no gap. */
export function readPause({ self, pin, decision, settings }: ProtocolState): number {
  const mayWrite = self.state === 'MASTER' || pin?.eni === self.eni
  const isMoving = decision !== undefined && MOVING.has(decision.condition)
  return mayWrite || isMoving ? settings.intervalMs : settings.intervalMs * OTHERS_SLOWDOWN
}

/** From one tick to the next. */
export function tickPause(state: ProtocolState): number {
  const isInConflict = state.self.state === 'MASTER' && state.decision?.conflict === true
  return isInConflict ? Math.min(CONFLICT_INTERVAL, readPause(state)) : readPause(state)
}

export function scheduleTick({ state, now }: Turn): void {
  state.tickAt = now.monotonic + tickPause(state)
}

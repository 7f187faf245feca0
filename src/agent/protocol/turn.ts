/** One step of the machine on its way, and what any part of it may ask for. */
import type { Effect, Now, ProtocolState } from './state.ts'

/** A MASTER in conflict reads at least as often. Milliseconds. */
const CONFLICT_INTERVAL = 2000
/** Nodes that are neither MASTER nor pinned read so many times more slowly. */
const OTHERS_SLOWDOWN = 6

export type Turn = { readonly state: ProtocolState; readonly effects: Effect[]; readonly now: Now }

/** One read at a time; one that is asked for meanwhile follows it, since what it should see may be newer. */
export function read({ state, effects }: Turn): void {
  if (state.reading) {
    state.readNext = true
    return
  }
  state.reading = true
  effects.push({ kind: 'read' })
}

/** The longest pause between two reads of this node that is no gap. */
export function readPause({ self, pin, settings }: ProtocolState): number {
  const mayWrite = self.state === 'MASTER' || pin?.eni === self.eni
  return mayWrite ? settings.intervalMs : settings.intervalMs * OTHERS_SLOWDOWN
}

export function scheduleTick({ state, now }: Turn): void {
  const isInConflict = state.self.state === 'MASTER' && state.decision?.conflict
  state.tickAt = now.monotonic + (isInConflict ? Math.min(CONFLICT_INTERVAL, readPause(state)) : readPause(state))
}

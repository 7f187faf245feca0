/** An agent that lives for one event of keepalived: when it has done what the event asks for. */
import { livenessOf } from '../liveness.ts'
import type { ProtocolState } from './state.ts'

/**
 * - `pending`: something is still to be written, looked at or learned
 * - `settled`: every route was looked at and is in place, or EC2 refuses its write
 * - `yielded`: the routes are another's, who is alive or to whom they are pinned
 */
export type EventProgress = 'pending' | 'settled' | 'yielded'

/** @param now on the monotonic clock */
export function progressOf(state: ProtocolState, now: number): EventProgress {
  const { self, edge, writing, looks, misplaced, rejected, observations } = state
  if (self.state !== 'MASTER') {
    const isRead = self.state !== 'BACKUP' || observations.lastGoodRead !== undefined
    return isRead ? 'settled' : 'pending'
  }
  if (edge || writing.length > 0) return 'pending'
  if (hasYielded(state, now)) return 'yielded'
  const isSettled = looks.length === 0 && misplaced?.every((route) => rejected.includes(route))
  return isSettled ? 'settled' : 'pending'
}

/** Whether the others know of the newest claim. */
export function isPublished({ self, published }: ProtocolState): boolean {
  return published === self.beat
}

/** For good, as far as one event goes: who waits for a claim to expire, or was held, may own the routes later. */
function hasYielded({ decision, pin, isHeld, self, observations, settings }: ProtocolState, now: number): boolean {
  if (decision?.action !== 'yield' || decision.intended === undefined) return false
  if (pin && pin.eni !== self.eni) return true
  const track = observations.tracks.get(decision.intended)
  return !isHeld && track !== undefined && livenessOf(track, now, settings.ttlMs) === 'alive'
}

/** How far an agent that lives for a single keepalived event has got. */
import { livenessOf } from '../liveness.ts'
import type { ProtocolState } from './state.ts'

/**
 * - `pending`: something remains to be written or read
 * - `settled`: every route was read back in place, or EC2 refuses its write
 * - `yielded`: the routes belong to another node, which is alive or to which they are pinned
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

/** Whether the newest claim has been published. */
export function isPublished({ self, published }: ProtocolState): boolean {
  return published === self.beat
}

/** Whether this node has yielded for good. While it waits for a claim to expire, or its edge is held, it may still win. */
function hasYielded({ decision, pin, isHeld, self, observations, settings }: ProtocolState, now: number): boolean {
  if (decision?.action !== 'yield' || decision.intended === undefined) return false
  if (pin && pin.eni !== self.eni) return true
  const track = observations.tracks.get(decision.intended)
  return !isHeld && track !== undefined && livenessOf(track, now, settings.ttlMs) === 'alive'
}

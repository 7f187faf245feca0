/** This node's interface has changed: its instance was given a new one, say. */
import type { EniId } from '../ids.ts'
import { repeatEdge } from './edge.ts'
import { forgetHeld } from './external-writer.ts'
import { nextBeat, publish } from './publishing.ts'
import { PUBLISH_BACKOFF, PUBLISH_SPACING } from './times.ts'
import { read, type Turn } from './turn.ts'
import { abort } from './writing.ts'

/**
 * Keeps keepalived's state. An edge writes again at once, to the new interface; otherwise a read decides, as always. The
 * old interface's claim is withdrawn: it may be another node's by now.
 */
export function onIdentity(turn: Turn, { eni, address }: { readonly eni: EniId; readonly address: string }): void {
  const { state, effects, now } = turn
  const { self: before } = state
  if (before.eni === eni && before.address === address) return
  abort(turn)
  const hadClaim = state.published !== undefined || state.publishing !== undefined
  state.self = { ...before, eni, address, beat: nextBeat(turn) }
  state.acceptedAt = {}
  state.rejected = []
  state.misplaced = undefined
  forgetHeld(turn)
  // Whether the new interface's claim can be published is not known yet, whatever became of the old one's.
  state.mute = false
  state.published = undefined
  state.publishing = undefined
  state.publishNext = false
  state.publishAgainAt = undefined
  state.publishBackoffMs = PUBLISH_BACKOFF
  state.publishFrom = now.monotonic - PUBLISH_SPACING
  state.mismatchSince = undefined
  repeatEdge(turn, `our interface is ${eni} now, and no longer ${before.eni}`)
  publish(turn)
  if (hadClaim && before.eni !== eni) {
    effects.push({ kind: 'withdraw', claim: { ...before, state: 'STOP', beat: state.self.beat } })
  }
  read(turn)
}

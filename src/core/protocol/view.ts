/** What a decision is made from: a read, and what this node remembers. */
import { isStray, type NodeView } from '../decide.ts'
import { isLive, observedClaims, ttlOf } from '../liveness.ts'
import type { Reading } from './inputs-and-effects.ts'
import type { ProtocolState } from './state.ts'
import { LONGEST_PAUSE_FACTOR, type Turn } from './turn.ts'

/** The view when no claim can be read: no other node has shown that it is alive. */
export function viewOfRoutes({ self, mute, pin }: ProtocolState, routes: Reading['routes']): NodeView {
  return { self, isUnreachable: false, mute, others: [], isPersistent: false, isAbandoned: false, pin, routes }
}

/** What this node decides from. @param askedAt when the read was issued */
export function viewOf(
  { state, now }: Turn,
  { routes, claims }: Reading,
  others: Reading['claims'],
  askedAt: number,
): NodeView {
  const observed = observedClaims(others, state.observations, askedAt, state.settings.ttlMs)
  state.mayHaveRival = mayHaveRival(state, others, askedAt)
  const { self, mute, pin, settings } = state
  const isContested = observed.some(({ claim, liveness }) => claim.state === 'MASTER' && isLive(liveness))
  state.contestedSince = self.state === 'MASTER' && isContested ? (state.contestedSince ?? now.monotonic) : undefined
  // While the routes are pinned, every MASTER leaves them alone and is silent.
  const isAstray = !pin && isStray({ others: observed, routes })
  state.strayedSince = isAstray ? (state.strayedSince ?? askedAt) : undefined
  // Not the ttl alone: however fast dead claims expire, a blip may last as long as ever.
  const lastsAfter = Math.max(settings.ttlMs, ttlOf(settings.intervalMs))
  const isPersistent = state.contestedSince !== undefined && now.monotonic - state.contestedSince >= lastsAfter
  const isUnreachable = claims.some((each) => each.isUnreachable && each.claim.eni === self.eni)
  // A MASTER whose reads are throttled like ours may not have noticed yet that its routes are elsewhere.
  const patience = state.pauseFactor === 1 ? lastsAfter : lastsAfter + LONGEST_PAUSE_FACTOR * settings.intervalMs
  const isAbandoned = state.strayedSince !== undefined && askedAt - state.strayedSince >= patience
  return { self, isUnreachable, mute, others: observed, isPersistent, isAbandoned, pin, routes }
}

/**
 * Whether a silent MASTER may not know of us yet. Its silence counts only after the ttl plus the longest pause between its
 * reads.
 */
function mayHaveRival(state: ProtocolState, others: Reading['claims'], askedAt: number): boolean {
  const { self, pauseFactor: stretched, observations, settings } = state
  if (self.state !== 'MASTER' || stretched === 1) return false
  const ttlMs = settings.ttlMs + LONGEST_PAUSE_FACTOR * settings.intervalMs
  const claims = observedClaims(others, observations, askedAt, ttlMs)
  return claims.some(({ claim, liveness }) => claim.state === 'MASTER' && isLive(liveness))
}

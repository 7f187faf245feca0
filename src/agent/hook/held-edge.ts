/** A held edge without a daemon: nothing is written until the claims say that the routes are this node's. */
import type { Claim } from '../../core/claim.ts'
import { type Decision, decide, type ObservedClaim } from '../../core/decide.ts'
import type { EniId } from '../../core/ids.ts'
import { NO_OBSERVATIONS, observe, observedClaims } from '../../core/liveness.ts'
import { judgePins } from '../../core/pin.ts'
import { Failure, messageOf } from '../../errors.ts'
import type { Testimony } from '../../witness/witness.ts'
import { CONFLICT_INTERVAL } from '../protocol/turn.ts'
import type { Wanted } from '../route-port.ts'

/** Of our own claim, too: one beat may be lost, and the next one late. */
const BEATS_PER_TTL = 3

/** What this node claims, and whether the others can see it. */
export type OwnClaim = { readonly self: Claim; readonly mute: boolean }

export type HeldEdge = {
  /** Publishes the own claim with a new beat. Undefined: what to claim is not known yet. */
  readonly beat: () => Promise<OwnClaim | undefined>
  readonly read: () => Promise<Testimony>
  /** Milliseconds between a MASTER's reads. */
  readonly intervalMs: number
  /** How long a claim counts that shows no life, in milliseconds: from the first read, whatever was known before. */
  readonly ttlMs: number
}

/**
 * Shows that this node lives and looks at the claims, as a MASTER in conflict does, until the routes are its own.
 * @returns the beats of the others as they were then
 * @throws Failure of kind `refused` where the routes are another's until the deadline, or are pinned to it; `failed` where
 *   the claims cannot be read until then; `superseded`
 */
export async function awaitClearance(edge: HeldEdge, wanted: Wanted): Promise<ReadonlyMap<EniId, string>> {
  const { beat, read, intervalMs, ttlMs } = edge
  const { clock, permit, signal, log } = wanted
  const pauseMs = Math.min(CONFLICT_INTERVAL, intervalMs, ttlMs / BEATS_PER_TTL)
  let observations = NO_OBSERVATIONS
  let problem = new Failure('failed', 'what the others claim is not known, and failover is safe: nothing was written')
  for (;;) {
    const start = clock.now()
    const own = await beat()
    const askedAt = clock.now()
    const testimony = await read().catch((error: unknown) => {
      if (!signal.aborted) log.warn(`what the others claim is not known: ${messageOf(error)}`)
      return undefined
    })
    permit()
    if (own && testimony) {
      const others = testimony.claims.filter(({ claim }) => claim.eni !== own.self.eni)
      const beats = new Map(others.map(({ claim }) => [claim.eni, claim.beat]))
      observations = observe(observations, beats, clock.now(), pauseMs)
      const seen = observedClaims(others, observations, askedAt, ttlMs)
      const { intended, condition, reason } = judgeClaims(testimony, own, seen)
      if (intended === own.self.eni) return beats
      if (condition === 'PINNED') throw new Failure('refused', reason, { hint: 'vip-switch unpin' })
      if (reason !== problem.message) log.info(`not writing yet: ${reason}`)
      problem = new Failure('refused', reason, { hint: `a claim that shows no life counts for ${ttlMs / 1000} s` })
    }
    await clock.sleep(Math.max(0, start + pauseMs - clock.now()), signal).catch((error: unknown) => {
      throw error instanceof Failure && error.kind === 'failed' ? problem : error
    })
  }
}

/** Whose the routes are, wherever they point to now. */
export function judgeClaims(
  { pins, detached, date }: Testimony,
  { self, mute }: OwnClaim,
  others: readonly ObservedClaim[],
): Decision {
  return decide({
    self,
    isVoid: detached.has(self.eni),
    mute,
    others,
    isLasting: false,
    pin: judgePins(pins, date, (id) => detached.has(id)).valid,
    routes: [],
  })
}

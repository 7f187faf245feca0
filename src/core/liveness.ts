/** Which of the others' claims count, as this node sees them on its own monotonic clock. */
import type { Claim } from './claim.ts'
import type { EniId } from './ids.ts'

/**
 * - `void`: its ENI is gone or detached, or its instance is not running; counts for nothing, at once
 * - `alive`: its beat changed within the ttl
 * - `unknown`: it was not observed for long enough to tell; counts as if it were alive
 * - `expired`: it stood still for a whole ttl of good observations; counts for nothing
 */
export type Liveness = (typeof LIVENESSES)[number]

export const LIVENESSES = ['unreachable', 'alive', 'unknown', 'expired'] as const

/** What is remembered of one claim between reads. Times in milliseconds of the observer's own clock. */
export type Track = {
  /** Beats that were seen, oldest first: a stale read that brings an old one back shows no life. */
  readonly beats: readonly string[]
  readonly observedSince: number
  /** Undefined: it has not changed since it is observed. */
  readonly changedAt: number | undefined
}

export type Observations = {
  readonly lastGoodRead: number | undefined
  readonly tracks: ReadonlyMap<EniId, Track>
}

export const NO_OBSERVATIONS: Observations = { lastGoodRead: undefined, tracks: new Map() }

const REMEMBERED_BEATS = 32

/** Where the witness takes it, a MASTER renews its claim so often, in milliseconds, in a conflict or not. */
export const BEAT_MS = 1000
/** How long such a claim counts at least: one beat may be lost, and the next one late. */
export const BEATING_TTL_MS = 3 * BEAT_MS

/** How long a claim counts that shows no life: reads do not get fresher when the interval shrinks. */
export function ttlOf(intervalMs: number): number {
  return Math.max(3 * intervalMs, 2 * intervalMs + 6000)
}

/**
 * The observations after a good read. A failed read is no observation: it ages nothing. After a gap of more than two
 * intervals between good reads everything is observed anew, since nothing is known of the time between.
 */
export function observe(
  { lastGoodRead, tracks }: Observations,
  beats: ReadonlyMap<EniId, string>,
  now: number,
  intervalMs: number,
): Observations {
  const isGap = lastGoodRead === undefined || now - lastGoodRead > 2 * intervalMs
  const next = new Map<EniId, Track>()
  for (const [eni, beat] of beats) {
    const known = tracks.get(eni)
    if (!known) next.set(eni, { beats: [beat], observedSince: now, changedAt: undefined })
    else if (known.beats.includes(beat)) next.set(eni, isGap ? { ...known, observedSince: now } : known)
    else {
      const remembered = [...known.beats, beat].slice(-REMEMBERED_BEATS)
      next.set(eni, { beats: remembered, observedSince: isGap ? now : known.observedSince, changedAt: now })
    }
  }
  return { lastGoodRead: now, tracks: next }
}

/** Starts every observation anew: what is alive must show it again within the ttl. */
export function forgetAges({ lastGoodRead, tracks }: Observations, now: number): Observations {
  const next = new Map([...tracks].map(([eni, track]) => [eni, { ...track, observedSince: now, changedAt: undefined }]))
  return { lastGoodRead, tracks: next }
}

/** Of one claim whose ENI can carry traffic; one whose ENI cannot is void. */
export function livenessOf(track: Track, now: number, ttlMs: number): Exclude<Liveness, 'unreachable'> {
  if (track.changedAt !== undefined && now - track.changedAt < ttlMs) return 'alive'
  return now - track.observedSince < ttlMs ? 'unknown' : 'expired'
}

/**
 * The claims of one good read, each with its liveness; those that were never observed are left out.
 * @param askedAt when the read began: an answer that came late proves no silence after the question
 */
export function observedClaims(
  claims: readonly { readonly claim: Claim; readonly isUnreachable: boolean }[],
  { tracks }: Observations,
  askedAt: number,
  ttlMs: number,
): { readonly claim: Claim; readonly liveness: Liveness }[] {
  return claims.flatMap(({ claim, isUnreachable }) => {
    const track = tracks.get(claim.eni)
    if (!track) return []
    const liveness = isUnreachable ? 'unreachable' : livenessOf(track, askedAt, ttlMs)
    return [{ claim, liveness }]
  })
}

/** Whether a claim of this liveness takes part in the election. */
export function isLive(liveness: Liveness): boolean {
  return liveness === 'alive' || liveness === 'unknown'
}

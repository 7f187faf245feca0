/** Which of the other nodes' claims count, judged by this node's own monotonic clock. */
import type { Claim } from './claim.ts'
import type { EniId } from './ids.ts'

/**
 * - `void`: its ENI is gone or detached, or its instance is not running; stops counting immediately
 * - `alive`: its beat changed within the ttl
 * - `unknown`: not observed for long enough to tell; counts as if alive
 * - `expired`: unchanged for a whole ttl of good observations; does not count
 */
export type Liveness = (typeof LIVENESSES)[number]

export const LIVENESSES = ['unreachable', 'alive', 'unknown', 'expired'] as const

/** What is remembered about a claim between reads. Times in milliseconds on the observer's own clock. */
export type Track = {
  /** Beats seen, oldest first: a stale read that returns an old one is no sign of life. */
  readonly beats: readonly string[]
  readonly observedSince: number
  /** When the beat last changed, if it has since observation began. */
  readonly changedAt: number | undefined
}

export type Observations = {
  readonly lastGoodRead: number | undefined
  readonly tracks: ReadonlyMap<EniId, Track>
}

export const NO_OBSERVATIONS: Observations = { lastGoodRead: undefined, tracks: new Map() }

const REMEMBERED_BEATS = 32

/** If the witness can take it, a MASTER renews its claim at this interval even without a conflict. Milliseconds. */
export const BEAT_MS = 1000
/** Minimum ttl of such a claim: one beat may be lost and the next one late. */
export const BEATING_TTL_MS = 3 * BEAT_MS

/** How long a claim counts without a sign of life: reads do not get fresher as the interval shrinks. */
export function ttlOf(intervalMs: number): number {
  return Math.max(3 * intervalMs, 2 * intervalMs + 6000)
}

/**
 * Updates the observations after a good read. A failed read is no observation and ages nothing. After a gap of more
 * than two intervals between good reads, all observations restart, since nothing is known about the gap.
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

/** Restarts all observations: live nodes must show a new sign of life within the ttl. */
export function forgetAges({ lastGoodRead, tracks }: Observations, now: number): Observations {
  const next = new Map([...tracks].map(([eni, track]) => [eni, { ...track, observedSince: now, changedAt: undefined }]))
  return { lastGoodRead, tracks: next }
}

/** The liveness of a claim whose ENI can carry traffic; otherwise it is void. */
export function livenessOf(track: Track, now: number, ttlMs: number): Exclude<Liveness, 'unreachable'> {
  if (track.changedAt !== undefined && now - track.changedAt < ttlMs) return 'alive'
  return now - track.observedSince < ttlMs ? 'unknown' : 'expired'
}

/**
 * The claims of a good read with their liveness, except those never observed.
 * @param askedAt when the read started: a late answer proves no silence after the question
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

/** Whether a claim with this liveness takes part in the election. */
export function isLive(liveness: Liveness): boolean {
  return liveness === 'alive' || liveness === 'unknown'
}

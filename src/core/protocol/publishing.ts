/** This node's claim: published on every change, renewed in a conflict, and checked when read back. */
import type { Reading } from './inputs-and-effects.ts'
import { PUBLISH_BACKOFF, PUBLISH_SPACING, SETTLE } from './times.ts'
import { longestPublishPause, read, type Turn } from './turn.ts'

/** Renews the claim with a new beat, to show that this node is alive. */
export function beat(turn: Turn): void {
  turn.state.beatNext = false
  turn.state.self = { ...turn.state.self, beat: nextBeat(turn) }
  scheduleBeat(turn)
  publish(turn)
}

/** If the witness can take it, a MASTER beats all the time, so that the others soon notice its death. */
export function scheduleBeat({ state, now }: Turn): void {
  const { beatEveryMs } = state.settings
  const beats = beatEveryMs !== undefined && state.self.state === 'MASTER'
  state.beatAt = beats ? now.monotonic + beatEveryMs : undefined
}

/** A unique beat for every change, even for two within a millisecond or after the clock was set back. */
export function nextBeat({ state, now }: Turn): string {
  return new Date(Math.max(now.wall, Date.parse(state.self.beat) + 1)).toISOString()
}

/**
 * Publishes the claim at once, or as soon as the previous publish has finished. A flapping state is published at most once
 * a second; the newest claim always follows.
 */
export function publish(turn: Turn): void {
  const { state, now } = turn
  if (state.publishWhenRead) return
  if (state.publishing !== undefined) {
    state.publishNext = true
    return
  }
  if (state.publishFrom <= now.monotonic) publishNow(turn)
  else state.publishAgainAt = Math.min(state.publishAgainAt ?? Number.POSITIVE_INFINITY, state.publishFrom)
}

/** Starts a publish. */
export function publishNow({ state, effects, now }: Turn): void {
  // With a beating witness, beats alone come once a second; halve the spacing to leave room for a change between them.
  const spacing = state.settings.beatEveryMs === undefined ? PUBLISH_SPACING : PUBLISH_SPACING / 2
  state.publishing = state.self.beat
  state.mayBeSeenAsMaster ||= state.self.state === 'MASTER'
  state.publishFrom = Math.max(state.publishFrom + spacing, now.monotonic)
  state.publishAgainAt = undefined
  effects.push({ kind: 'publish', claim: state.self })
}

export function onPublished(turn: Turn, beatOfClaim: string, acknowledged: boolean): void {
  const { state } = turn
  if (beatOfClaim !== state.publishing) return // It was for an interface that is no longer ours.
  // Writes held back while mute may be due. An edge schedules its own looks, and its writes are counted.
  if (acknowledged && state.mute && !state.edge) read(turn)
  state.publishing = undefined
  state.mute = !acknowledged
  state.mismatchSince = undefined
  if (acknowledged) {
    state.published = beatOfClaim
    if (beatOfClaim === state.self.beat) state.mayBeSeenAsMaster = state.self.state === 'MASTER'
    state.publishBackoffMs = PUBLISH_BACKOFF
  }
  if (!acknowledged) publishLater(turn)
  if (state.publishNext) {
    state.publishNext = false
    publish(turn)
    return
  }
  if (state.readWhenPublished) {
    state.readWhenPublished = false
    read(turn)
  }
}

/** Retries before the next tick: a mute node yields to those who cannot see it, and the true master must not stay mute. */
function publishLater({ state, now }: Turn): void {
  const longest = longestPublishPause(state)
  const backoff = Math.min(longest, state.publishBackoffMs)
  state.publishAgainAt = now.monotonic + backoff
  state.publishBackoffMs = Math.min(longest, backoff * 2)
}

/** Every read returns our own tag; if it stays wrong for longer than reads can be stale, the claim is published again. */
export function checkOwnTag(turn: Turn, { claims }: Reading): void {
  const { state, now } = turn
  const own = claims.find(({ claim }) => claim.eni === state.self.eni)?.claim
  if (own?.beat === state.self.beat) {
    state.mismatchSince = undefined
    return
  }
  state.mismatchSince ??= now.monotonic
  if (now.monotonic - state.mismatchSince <= SETTLE + 1000) return
  state.mismatchSince = undefined
  publish(turn)
}

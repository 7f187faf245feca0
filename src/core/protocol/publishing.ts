/** The own claim: published on every change, renewed in a conflict, and watched in what is read back. */
import type { Reading } from './state.ts'
import { PUBLISH_BACKOFF, PUBLISH_SPACING, SETTLE } from './times.ts'
import { longestPublishPause, read, type Turn } from './turn.ts'

/** A new beat: the claim is the same, and its node shows that it lives. */
export function beat(turn: Turn): void {
  turn.state.beatNext = false
  turn.state.self = { ...turn.state.self, beat: nextBeat(turn) }
  scheduleBeat(turn)
  publish(turn)
}

/** Where the witness takes it, a MASTER always shows that it lives: the others need not wait for long to know it dead. */
export function scheduleBeat({ state, now }: Turn): void {
  const { beatEveryMs } = state.settings
  const beats = beatEveryMs !== undefined && state.self.state === 'MASTER'
  state.beatAt = beats ? now.monotonic + beatEveryMs : undefined
}

/** A beat of its own for every change: two within a millisecond, or a clock that was set back, repeat none. */
export function nextBeat({ state, now }: Turn): string {
  return new Date(Math.max(now.wall, Date.parse(state.self.beat) + 1)).toISOString()
}

/**
 * At once, or as soon as the one before is there. Of a state that flaps, the others need to know no more than one claim
 * a second; the newest always follows.
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

/** One publish on its way. */
export function publishNow({ state, effects, now }: Turn): void {
  // Beats alone come once a second, where the witness takes them: a change has its place between them.
  const spacing = state.settings.beatEveryMs === undefined ? PUBLISH_SPACING : PUBLISH_SPACING / 2
  state.publishing = state.self.beat
  state.mayBeSeenAsMaster ||= state.self.state === 'MASTER'
  state.publishFrom = Math.max(state.publishFrom + spacing, now.monotonic)
  state.publishAgainAt = undefined
  effects.push({ kind: 'publish', claim: state.self })
}

export function onPublished(turn: Turn, beatOfClaim: string, acknowledged: boolean): void {
  const { state } = turn
  if (beatOfClaim !== state.publishing) return // Of an interface that is no longer ours.
  // What it held back as a mute node may be due. An edge looks by itself, and its writes are counted.
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

/** A mute node yields to whoever cannot see it: the true master may not stay mute until its next tick. */
function publishLater({ state, now }: Turn): void {
  const longest = longestPublishPause(state)
  const backoff = Math.min(longest, state.publishBackoffMs)
  state.publishAgainAt = now.monotonic + backoff
  state.publishBackoffMs = Math.min(longest, backoff * 2)
}

/** The own tag comes back with every read; what is wrong for longer than reads are stale is published again. */
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

/** The own claim: published on every change, renewed in a conflict, and watched in what is read back. */
import type { Reading } from './state.ts'
import { PUBLISH_BACKOFF, SETTLE } from './times.ts'
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

/** One publish on its way; the newest claim follows it. */
export function publish({ state, effects }: Turn): void {
  if (state.publishWhenRead) return
  if (state.publishing !== undefined) {
    state.publishNext = true
    return
  }
  state.publishing = state.self.beat
  state.publishAgainAt = undefined
  effects.push({ kind: 'publish', claim: state.self })
}

export function onPublished(turn: Turn, beatOfClaim: string, acknowledged: boolean): void {
  const { state } = turn
  // What it held back as a mute node may be due. An edge looks by itself, and its writes are counted.
  if (acknowledged && state.mute && !state.edge) read(turn)
  state.publishing = undefined
  state.mute = !acknowledged
  state.mismatchSince = undefined
  if (acknowledged) {
    state.published = beatOfClaim
    state.publishBackoffMs = PUBLISH_BACKOFF
  }
  if (state.publishNext) {
    state.publishNext = false
    publish(turn)
    return
  }
  if (!acknowledged) publishLater(turn)
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

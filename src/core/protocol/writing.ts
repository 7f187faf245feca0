/** Writes outside an edge, and what holds them back. */
import type { Decision } from '../decide.ts'
import { type RouteKey, routeKeyText } from '../route.ts'
import { isBraked, noteTakenBack, noteTakers } from './external-writer.ts'
import type { Reading } from './inputs-and-effects.ts'
import { SETTLE } from './times.ts'
import type { Turn } from './turn.ts'

/** Milliseconds. */
const LONGEST_MUTE_BACKOFF = 300_000

export function write({ state, effects }: Turn, keys: readonly RouteKey[], reason: string): void {
  if (keys.length === 0) return
  state.writing = [...new Set([...state.writing, ...keys.map(routeKeyText)])]
  effects.push({ kind: 'write', keys, reason, inEdge: state.edge !== undefined })
}

export function abort({ state, effects }: Turn): void {
  if (state.writing.length === 0) return
  effects.push({ kind: 'abort' })
  Object.assign(state, { writing: [], healing: {} })
}

export function actOn(turn: Turn, decision: Decision, reading: Reading): void {
  const { state, now } = turn
  if (decision.action !== 'write') {
    if (decision.intended !== state.self.eni) abort(turn)
    return
  }
  const due = decision.due.filter((key) => {
    const text = routeKeyText(key)
    const acceptedAt = state.acceptedAt[text]
    const isSettling = acceptedAt !== undefined && now.monotonic - acceptedAt < SETTLE
    const isUnderWay = state.writing.includes(text) || state.rejected.includes(text)
    return !isSettling && !isUnderWay && !isBraked(turn, key, reading)
  })
  if (due.length === 0 || !mayWriteMute(turn)) return
  noteTakers(turn, due, reading)
  write(turn, due, decision.reason)
}

/** Backs off a mute node's writes: the others cannot see it, so it cannot be sure that it is right. */
function mayWriteMute({ state, now }: Turn): boolean {
  if (!state.mute) return true
  if (state.muteWroteAt !== undefined) {
    if (now.monotonic - state.muteWroteAt < state.muteBackoffMs) return false
    state.muteBackoffMs = Math.min(LONGEST_MUTE_BACKOFF, state.muteBackoffMs * 2)
  }
  state.muteWroteAt = now.monotonic
  return true
}

export function onWritten(turn: Turn, key: RouteKey, accepted: boolean): void {
  const { state, now } = turn
  const text = routeKeyText(key)
  state.writing = state.writing.filter((each) => each !== text)
  state.rejected = state.rejected.filter((each) => each !== text)
  if (accepted) {
    state.acceptedAt = { ...state.acceptedAt, [text]: now.monotonic }
    noteTakenBack(turn, text)
  } else state.rejected = [...state.rejected, text]
  const { [text]: _, ...healing } = state.healing
  state.healing = healing
}

/** What is written outside an edge, and what holds it back. */
import type { Decision } from '../decide.ts'
import type { Detail } from '../detail.ts'
import { type RouteKey, routeKeyText } from '../route.ts'
import type { Reading } from './state.ts'
import { SETTLE } from './times.ts'
import type { Turn } from './turn.ts'

/** Milliseconds, as all below. */
const LONGEST_MUTE_BACKOFF = 300_000
const HEAL_MEMORY = 3_600_000
const HEALS_BEFORE_BRAKE = 3
const BRAKE = 600_000

const LOOK_UP_EVENTS =
  'aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=ReplaceRoute'

export function write({ state, effects }: Turn, keys: readonly RouteKey[], reason: string): void {
  if (keys.length === 0) return
  state.writing = [...new Set([...state.writing, ...keys.map(routeKeyText)])]
  effects.push({ kind: 'write', keys, reason, inEdge: state.edge !== undefined })
}

export function abort({ state, effects }: Turn): void {
  if (state.writing.length === 0) return
  effects.push({ kind: 'abort' })
  Object.assign(state, { writing: [], healing: [] })
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
    return !isSettling && !isUnderWay && !isBraked(turn, text)
  })
  if (due.length === 0 || !mayWriteMute(turn)) return
  noteHealing(turn, due, reading)
  write(turn, due, decision.reason)
}

/** A mute node's writes back off: the others cannot see it, and it cannot know that it is right. */
function mayWriteMute({ state, now }: Turn): boolean {
  if (!state.mute) return true
  if (state.muteWroteAt !== undefined) {
    if (now.monotonic - state.muteWroteAt < state.muteBackoffMs) return false
    state.muteBackoffMs = Math.min(LONGEST_MUTE_BACKOFF, state.muteBackoffMs * 2)
  }
  state.muteWroteAt = now.monotonic
  return true
}

/** A route that something outside the cluster takes again and again is taken back more and more rarely. */
function isBraked({ state, now }: Turn, key: string): boolean {
  const heals = state.heals[key]?.filter((at) => now.monotonic - at < HEAL_MEMORY) ?? []
  const last = heals.at(-1)
  return heals.length >= HEALS_BEFORE_BRAKE && last !== undefined && now.monotonic - last < BRAKE
}

/** What something outside the cluster does again and again. */
export function externalWriters({ state, now }: Turn): Detail[] {
  const isRecent = (at: number) => now.monotonic - at < HEAL_MEMORY
  const taken = Object.entries(state.heals).filter(([, heals]) => heals.filter(isRecent).length >= HEALS_BEFORE_BRAKE)
  return taken.map(([key]) => {
    const [table, vip] = key.split(' ')
    return {
      kind: 'external-writer',
      message: `something that is no node of the cluster takes ${vip} in ${table} again and again (Terraform, another tool?): taking it back every ${BRAKE / 60_000} minutes at most`,
      hint: `ask CloudTrail who: ${LOOK_UP_EVENTS}`,
    }
  })
}

/**
 * Only a target that is no node's makes a heal: nodes of the cluster take routes from each other by right. Nor does a
 * blackhole, which is what is left when a target goes away, its claim with it.
 */
function noteHealing({ state }: Turn, due: readonly RouteKey[], { routes, claims }: Reading): void {
  const members = new Set(claims.map(({ claim }) => claim.eni))
  const taken = due.map(routeKeyText).filter((text) => {
    const standing = routes.find((route) => routeKeyText(route.key) === text)?.standing
    const route = standing?.kind === 'elsewhere' && standing.route.state === 'active' ? standing.route : undefined
    return route && !(route.target.kind === 'eni' && members.has(route.target.eni))
  })
  state.healing = [...state.healing, ...taken]
}

export function onWritten({ state, now }: Turn, key: RouteKey, accepted: boolean): void {
  const text = routeKeyText(key)
  const isHeal = state.healing.includes(text)
  state.writing = state.writing.filter((each) => each !== text)
  state.healing = state.healing.filter((each) => each !== text)
  state.rejected = state.rejected.filter((each) => each !== text)
  if (!accepted) {
    state.rejected = [...state.rejected, text]
    return
  }
  state.acceptedAt = { ...state.acceptedAt, [text]: now.monotonic }
  if (!isHeal) return
  const recent = (state.heals[text] ?? []).filter((at) => now.monotonic - at < HEAL_MEMORY)
  state.heals = { ...state.heals, [text]: [...recent, now.monotonic] }
}

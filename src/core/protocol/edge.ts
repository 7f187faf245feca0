/** An edge into MASTER: writes first, reads and decides later. */
import { decide, type NodeView } from '../decide.ts'
import { forgetAges } from '../liveness.ts'
import { type RouteKey, routeKeyText } from '../route.ts'
import { beat } from './publishing.ts'
import type { Edge, ProtocolState } from './state.ts'
import { LOOKS } from './times.ts'
import { read, type Turn } from './turn.ts'
import { abort, write } from './writing.ts'

/** In milliseconds, like all below. */
export const LONGEST_EDGE = 5000
const WRITES_PER_EDGE = 3
const EDGE_MEMORY = 60_000
const EDGES_BEFORE_HELD = 2
const EDGES_COUNTED = 10

export function beginEdge(turn: Turn): void {
  const { state, now } = turn
  const recent = state.edges.filter((at) => now.monotonic - at < EDGE_MEMORY)
  state.edges = [...recent, now.monotonic].slice(-EDGES_COUNTED)
  state.beatNext = true
  const held = heldBecause(state, state.edges.length)
  state.isHeld = held !== undefined
  if (held) {
    if (held.restartsAges) state.observations = forgetAges(state.observations, now.monotonic)
    announceEdge(turn, [], `we have become MASTER${held.reason}: reading before anything is written`)
    // Publish before reading: then, of two nodes with held edges at the same time, at least one sees the other.
    state.readWhenPublished = true
    return
  }
  state.edge = { startedAt: now.monotonic, beats: undefined, hasLooked: false, writes: {} }
  const unread = ownKeys(state)
  const reason = announceEdge(turn, unread, 'we have become MASTER: writing at once, reading later')
  writeInEdge(turn, state.edge, unread, reason)
  if (state.readingSince === undefined) read(turn)
}

/** Restarts an edge's writes from scratch: they named the wrong interface. @param why for people */
export function repeatEdge(turn: Turn, why: string): void {
  const { state, now } = turn
  if (!state.edge) return
  // The machine may have been frozen meanwhile.
  if (now.monotonic - state.edge.startedAt >= LONGEST_EDGE) {
    endEdge(turn)
    return
  }
  const due = ownKeys(state)
  writeInEdge(turn, { ...state.edge, writes: {} }, due, announceEdge(turn, due, `${why}: writing at once`))
}

/** All managed routes but the foreign ones. */
function ownKeys({ keys, foreign }: ProtocolState): readonly RouteKey[] {
  return keys.filter((key) => !foreign.includes(routeKeyText(key)))
}

/** Why this edge must be held, if it must: a held edge reads before it writes. */
function heldBecause({ settings, pin, self }: ProtocolState, edges: number) {
  if (settings.failover === 'safe') return { reason: '; failover is safe', restartsAges: true }
  if (edges > EDGES_BEFORE_HELD) {
    const times = edges < EDGES_COUNTED ? `${edges} times` : `${edges} times or more`
    return { reason: `, ${times} within a minute`, restartsAges: true }
  }
  if (pin && pin.eni !== self.eni) return { reason: `, but the routes are pinned to ${pin.eni}`, restartsAges: false }
  return undefined
}

/** Sets a provisional decision until something has been read. Returns its reason. */
function announceEdge({ state }: Turn, due: readonly RouteKey[], reason: string): string {
  const action = due.length > 0 ? 'write' : 'none'
  const intended = due.length > 0 ? state.self.eni : undefined
  state.decision = { intended, action, due, condition: 'SWITCHING', reason, conflict: false }
  return reason
}

function writeInEdge(turn: Turn, edge: Edge, keys: readonly RouteKey[], reason: string): void {
  const { state, now } = turn
  const writes = { ...edge.writes }
  for (const key of keys) writes[routeKeyText(key)] = (writes[routeKeyText(key)] ?? 0) + 1
  state.edge = { ...edge, writes }
  state.looks = LOOKS.map((ms) => now.monotonic + ms)
  write(turn, keys, reason)
}

/**
 * Judges a read during an edge. The edge ends when a claim renewed since it began shows that another node is the intended
 * owner. The first read, issued with the first write, only shows which claims were there and which routes are not written
 * yet.
 * @param seenBeats every beat seen so far; undefined if the claims could not be read
 * @returns whether the edge continues
 */
export function lookInEdge(turn: Turn, begun: Edge, view: NodeView, seenBeats: Edge['beats']): boolean {
  const { state, now } = turn
  const beats = begun.beats ?? seenBeats
  const edge = { ...begun, beats, hasLooked: true }
  state.edge = edge
  const renewed = view.others.filter(({ claim }) => !beats?.[claim.eni]?.includes(claim.beat))
  const decision = decide({ ...view, others: renewed })
  if (decision.intended !== state.self.eni || now.monotonic - edge.startedAt >= LONGEST_EDGE) {
    endEdge(turn)
    return false
  }
  const due = decision.due.filter((key) => {
    const text = routeKeyText(key)
    const writes = edge.writes[text] ?? 0
    const isUnderWay = state.writing.includes(text) || state.rejected.includes(text)
    return !isUnderWay && writes < (begun.hasLooked ? WRITES_PER_EDGE : 1)
  })
  if (due.length > 0) {
    writeInEdge(turn, edge, due, decision.reason)
    beat(turn) // Shows that we are alive to a node that took the route meanwhile, in an edge of its own.
  } else if (state.looks.length === 0) {
    // Unaccepted writes are retried until the edge ends; keep looking, so that no claim is missed meanwhile.
    if (state.writing.length > 0) state.looks = LOOKS.slice(0, 1).map((ms) => now.monotonic + ms)
    else endEdge(turn)
  }
  state.decision = { ...decision, condition: state.edge ? 'SWITCHING' : decision.condition }
  return state.edge !== undefined
}

/** Ends the edge. Writes not accepted by now are left to a regular read and decision. */
export function endEdge(turn: Turn): void {
  turn.state.edge = undefined
  abort(turn)
}

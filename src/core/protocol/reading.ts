/** What a read of routes and claims brings about: what is noted of it, and what is decided. */
import { decide } from '../decide.ts'
import { observe } from '../liveness.ts'
import { judgePins } from '../pin.ts'
import { routeKeyText, type Standing } from '../route.ts'
import { sourceDestChecks } from '../source-dest-check.ts'
import { lookInEdge } from './edge.ts'
import { externalWriters, forgetHeld, watchHolders } from './external-writer.ts'
import type { Input, Reading } from './inputs-and-effects.ts'
import { beat, checkOwnTag, publish } from './publishing.ts'
import type { Edge, ProtocolState } from './state.ts'
import { READ_BACKOFF } from './times.ts'
import { growPause, read, readPause, scheduleTick, shrinkPause, type Turn, tickPause } from './turn.ts'
import { viewOf, viewOfRoutes } from './view.ts'
import { abort, actOn } from './writing.ts'

/** What a read that has ended brings about. */
export function onRead(turn: Turn, input: Extract<Input, { kind: 'read' }>): void {
  const { state, now } = turn
  const { readingSince = now.monotonic } = state
  state.readingSince = undefined
  if (input.reading) onGoodRead(turn, input.reading, readingSince)
  else onFailedRead(turn, input)
  if (!input.reading && input.throttled) growPause(turn)
  if (state.readNext) {
    state.readNext = false
    read(turn)
  }
}

/**
 * A failed read changes nothing, ages nothing and writes nothing; writes of an earlier decision are aborted, because it can
 * no longer be checked. An edge continues: if only the routes could be read, it looks at those, with no claim renewed.
 */
function onFailedRead(turn: Turn, { unread = 'EC2', routes, throttled }: Extract<Input, { reading: undefined }>): void {
  const { state } = turn
  if (!throttled) retryRead(turn)
  if (routes) noteRoutes(turn, routes)
  else state.misplaced = undefined
  if (state.edge && routes && lookInEdge(turn, state.edge, viewOfRoutes(state, routes), undefined)) return
  const { edge, self, decision, settings, observations } = state
  // The other nodes may not have been able to publish either. A ttl shorter than two intervals must take this into account.
  if (settings.beatEveryMs !== undefined) state.observations = { ...observations, lastGoodRead: undefined }
  const conflict = decision?.conflict === true && self.state === 'MASTER'
  if (!edge) {
    abort(turn)
    const reason = `we are ${self.state}; ${unread} cannot be read: nothing is decided, and nothing written, until it can`
    const intended = decision?.intended
    state.decision = { intended, action: 'none', due: [], condition: 'UNKNOWN', reason, conflict }
  }
  if ((conflict || state.mayHaveRival) && state.beatNext) beat(turn)
}

/** Retries soon if something depends on it: an edge's writes, or everything when nothing has been read before. */
function retryRead({ state, now }: Turn): void {
  if (!state.edge && !state.isHeld && state.observations.lastGoodRead !== undefined) return
  const at = now.monotonic + state.readBackoffMs
  state.readBackoffMs = Math.min(tickPause(state), 2 * state.readBackoffMs)
  if (Math.min(state.tickAt, ...state.looks) > at) state.looks = [at, ...state.looks]
}

/** @param askedAt when the read was issued: what it shows is no older */
function onGoodRead(turn: Turn, reading: Reading, askedAt: number): void {
  const { state, now } = turn
  state.readBackoffMs = READ_BACKOFF
  const others = reading.claims.filter(({ claim }) => claim.eni !== state.self.eni)
  const beats = new Map(others.map(({ claim }) => [claim.eni, claim.beat]))
  state.observations = observe(state.observations, beats, now.monotonic, readPause(state))
  const isFirst = state.isNewMaster
  state.isNewMaster = false
  shrinkPause(turn)
  const pause = tickPause(state)
  const { valid, ignored } = judgePins(reading.pins, reading.date, (eni) => reading.unreachable.has(eni))
  Object.assign(state, { pin: valid, ignoredPins: ignored })
  noteRoutes(turn, reading.routes)
  adoptOwnClaim(turn, reading)
  // A write waiting for its retry must not replace a route that has become foreign.
  if (state.writing.some((key) => state.foreign.includes(key))) abort(turn)
  checkOwnTag(turn, reading)

  const view = viewOf(turn, reading, others, askedAt)
  watchHolders(turn, view, askedAt, isFirst)
  if (state.edge && lookInEdge(turn, state.edge, view, seenBeats(state))) return
  const wasInConflict = state.decision?.conflict === true
  const decision = decide(view)
  if (decision.intended === state.self.eni) state.isHeld = false
  else forgetHeld(turn)
  actOn(turn, decision, reading)
  state.decision = { ...decision, reason: [decision.reason, ...state.ignoredPins].join('; ') }
  state.details = [...externalWriters(turn), ...sourceDestChecks(reading.claims, reading.checked)]
  if (decision.conflict && !wasInConflict) beat(turn)
  else if ((decision.conflict || state.mayHaveRival) && state.beatNext) beat(turn)
  if (tickPause(state) !== pause) scheduleTick(turn)
}

function noteRoutes({ state }: Turn, routes: Reading['routes']): void {
  const ofKind = (...kinds: Standing['kind'][]) =>
    routes.filter(({ standing }) => kinds.includes(standing.kind)).map(({ key }) => routeKeyText(key))
  state.keys = routes.map(({ key }) => key)
  state.foreign = ofKind('refused')
  state.misplaced = ofKind('elsewhere', 'missing')
}

/** Takes over what this node claimed before keepalived proved that it still is MASTER. */
function adoptOwnClaim(turn: Turn, { claims }: Reading): void {
  const { state } = turn
  if (!state.publishWhenRead) return
  state.publishWhenRead = false
  const own = claims.find(({ claim }) => claim.eni === state.self.eni)?.claim
  if (own) state.self = { ...state.self, priority: state.self.priority ?? own.priority }
  if (own?.state === 'MASTER') state.self = { ...state.self, since: own.since }
  publish(turn)
}

/** Every beat seen, by the node's ENI. */
function seenBeats({ observations }: ProtocolState): Edge['beats'] {
  return Object.fromEntries([...observations.tracks].map(([eni, { beats }]) => [eni, beats]))
}

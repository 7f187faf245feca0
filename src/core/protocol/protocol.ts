/**
 * The protocol as a state machine: an input in, a new state and effects out. It has no I/O and no clock, so the daemon,
 * the scenarios and the simulations run the very same steps.
 */
import { decide, isStray, type NodeView } from '../decide.ts'
import { isLive, observe, observedClaims, ttlOf } from '../liveness.ts'
import { judgePins } from '../pin.ts'
import { routeKeyText, type Standing } from '../route.ts'
import { sourceDestChecks } from '../source-dest-check.ts'
import { beginEdge, endEdge, LONGEST_EDGE, lookInEdge } from './edge.ts'
import { externalWriters, forgetHeld, watchHolders } from './external-writer.ts'
import { onIdentity } from './new-interface.ts'
import { beat, checkOwnTag, nextBeat, onPublished, publish, publishNow, scheduleBeat } from './publishing.ts'
import type { Edge, Effect, Input, Now, ProtocolState, Reading } from './state.ts'
import { LOOKS, PUBLISH_BACKOFF, READ_BACKOFF } from './times.ts'
import {
  growPause,
  LONGEST_PAUSE_FACTOR,
  read,
  readPause,
  scheduleTick,
  shrinkPause,
  type Turn,
  tickPause,
} from './turn.ts'
import { abort, actOn, onWritten } from './writing.ts'

/** Milliseconds after the first proof of a lower master: its first write may land after our immediate look. */
const LOOKS_AFTER_FIRST_PROOF = [300, ...LOOKS]
const PROOF_MEMORY = 3000
const RX_LOWER_PRI_SPACING = 1000

/** Performs one step, without changing `state`. `wakeAt` tells when the next input `wake` is due. */
export function step(state: ProtocolState, input: Input, now: Now): { state: ProtocolState; effects: Effect[] } {
  const turn: Turn = { state: { ...state }, effects: [], now }
  switch (input.kind) {
    case 'state':
      onState(turn, input)
      break
    case 'rx-lower-pri':
      onRxLowerPri(turn, input.priority ?? turn.state.self.priority)
      break
    case 'address':
      turn.state.self = { ...turn.state.self, address: input.address }
      break
    case 'wake':
      onWake(turn)
      break
    case 'read-nearby':
      onReadNearby(turn)
      break
    case 'read':
      onRead(turn, input)
      break
    case 'written':
      onWritten(turn, input.key, input.accepted)
      break
    case 'published':
      onPublished(turn, input.beat, input.acknowledged)
      break
    case 'identity':
      onIdentity(turn, input)
      break
  }
  return { state: turn.state, effects: turn.effects }
}

/** When the next input `wake` is due, on the monotonic clock. */
export function wakeAt(state: ProtocolState): number {
  const { beatAt = Number.POSITIVE_INFINITY, publishAgainAt = Number.POSITIVE_INFINITY } = state
  return Math.min(lookAt(state), beatAt, publishAgainAt)
}

/** When the next look is due. */
function lookAt({ tickAt, looks, edge }: ProtocolState): number {
  return Math.min(tickAt, ...looks, ...(edge ? [edge.startedAt + LONGEST_EDGE] : []))
}

function onState(turn: Turn, { state: next, priority, found }: Extract<Input, { kind: 'state' }>): void {
  const { state, now, effects } = turn
  const { self } = state
  if (self.state === next && self.priority === priority) return
  if (next !== 'MASTER' || priority !== undefined) state.publishWhenRead = false
  const isTransition = self.state !== next
  const at = new Date(now.wall).toISOString()
  state.self = { ...self, state: next, priority, since: isTransition ? at : self.since, beat: nextBeat(turn) }
  scheduleBeat(turn)
  if (self.state === 'MASTER' && next !== 'MASTER') {
    // First of all: a retry that outlives its mastership is how one node steals the route from another.
    effects.push({ kind: 'abort' })
    Object.assign(state, {
      edge: undefined,
      isHeld: false,
      readWhenPublished: false,
      writing: [],
      rejected: [],
      healing: {},
      looks: [],
      acceptedAt: {},
      contestedSince: undefined,
      mayHaveRival: false,
    })
    forgetHeld(turn)
  }
  if (!isTransition) {
    publish(turn)
    return
  }
  state.misplaced = undefined
  state.readBackoffMs = READ_BACKOFF
  state.isNewMaster = next === 'MASTER'
  state.publishBackoffMs = PUBLISH_BACKOFF
  state.muteBackoffMs = state.settings.intervalMs
  state.muteWroteAt = undefined
  if (next === 'MASTER' && !found) beginEdge(turn)
  else read(turn)
  publish(turn)
  scheduleTick(turn)
}

/** keepalived's own proof that a lower node acts as master; five a second are normal. */
function onRxLowerPri(turn: Turn, priority: number | undefined): void {
  const { state, now } = turn
  if (state.self.state === 'UNKNOWN') {
    becomeProvenMaster(turn, priority)
    return
  }
  if (state.self.state !== 'MASTER') {
    onState(turn, { kind: 'state', state: 'MASTER', priority, found: false })
    return
  }
  const lookedAt = state.rxLowerPriAt
  if (lookedAt !== undefined && now.monotonic - lookedAt < RX_LOWER_PRI_SPACING) {
    if (state.looks.length === 0) state.looks = [lookedAt + RX_LOWER_PRI_SPACING]
    return
  }
  const isFirst = lookedAt === undefined || now.monotonic - lookedAt > PROOF_MEMORY
  state.rxLowerPriAt = now.monotonic
  state.looks = (isFirst ? LOOKS_AFTER_FIRST_PROOF : LOOKS).map((ms) => now.monotonic + ms)
  read(turn)
}

/** An agent that has just started learns that its node already was MASTER: this is no edge, so it looks first. */
function becomeProvenMaster(turn: Turn, priority: number | undefined): void {
  const { state, now } = turn
  state.rxLowerPriAt = now.monotonic
  state.looks = LOOKS_AFTER_FIRST_PROOF.map((ms) => now.monotonic + ms)
  // keepalived's proof carries no priority: the node's own tag has the one that it last claimed.
  state.publishWhenRead = true
  onState(turn, { kind: 'state', state: 'MASTER', priority, found: true })
}

function onWake(turn: Turn): void {
  const { state, now } = turn
  const isDue = (at: number) => at <= now.monotonic
  if (state.beatAt !== undefined && isDue(state.beatAt)) beat(turn)
  if (state.publishAgainAt !== undefined && isDue(state.publishAgainAt)) publishNow(turn)
  if (!isDue(lookAt(state))) return
  if (isDue(state.tickAt)) beginTick(turn)
  const looks = state.looks.filter((at) => !isDue(at))
  if (looks.length < state.looks.length && state.rxLowerPriAt !== undefined) state.rxLowerPriAt = now.monotonic
  state.looks = looks
  if (state.edge && isDue(state.edge.startedAt + LONGEST_EDGE)) endEdge(turn)
  read(turn)
}

function beginTick(turn: Turn): void {
  scheduleTick(turn)
  turn.state.beatNext = true
  turn.state.rejected = []
}

/** Ticks early if a tick is near, so that a daemon's agents fall into step and share their reads. */
function onReadNearby(turn: Turn): void {
  const { state, now } = turn
  if (state.tickAt - now.monotonic > tickPause(state) / 2) return
  beginTick(turn)
  read(turn)
}

function onRead(turn: Turn, input: Extract<Input, { kind: 'read' }>): void {
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

/** The view when no claim can be read: no other node has shown that it is alive. */
function viewOfRoutes({ self, mute, pin }: ProtocolState, routes: Reading['routes']): NodeView {
  return { self, isUnreachable: false, mute, others: [], isPersistent: false, isAbandoned: false, pin, routes }
}

function viewOf(
  { state, now }: Turn,
  { routes, claims }: Reading,
  others: Reading['claims'],
  askedAt: number,
): NodeView {
  const observed = observedClaims(others, state.observations, askedAt, state.settings.ttlMs)
  state.mayHaveRival = mayHaveRival(state, others, askedAt)
  const { self, mute, pin, settings } = state
  const isContested = observed.some(({ claim, liveness }) => claim.state === 'MASTER' && isLive(liveness))
  state.contestedSince = self.state === 'MASTER' && isContested ? (state.contestedSince ?? now.monotonic) : undefined
  // While the routes are pinned, every MASTER leaves them alone and is silent.
  const isAstray = !pin && isStray({ others: observed, routes })
  state.strayedSince = isAstray ? (state.strayedSince ?? askedAt) : undefined
  // Not the ttl alone: however fast dead claims expire, a blip may last as long as ever.
  const lastsAfter = Math.max(settings.ttlMs, ttlOf(settings.intervalMs))
  const isPersistent = state.contestedSince !== undefined && now.monotonic - state.contestedSince >= lastsAfter
  const isUnreachable = claims.some((each) => each.isUnreachable && each.claim.eni === self.eni)
  // A MASTER whose reads are throttled like ours may not have noticed yet that its routes are elsewhere.
  const patience = state.pauseFactor === 1 ? lastsAfter : lastsAfter + LONGEST_PAUSE_FACTOR * settings.intervalMs
  const isAbandoned = state.strayedSince !== undefined && askedAt - state.strayedSince >= patience
  return { self, isUnreachable, mute, others: observed, isPersistent, isAbandoned, pin, routes }
}

/**
 * Whether a silent MASTER may not know of us yet. Its silence counts only after the ttl plus the longest pause between its
 * reads.
 */
function mayHaveRival(state: ProtocolState, others: Reading['claims'], askedAt: number): boolean {
  const { self, pauseFactor: stretched, observations, settings } = state
  if (self.state !== 'MASTER' || stretched === 1) return false
  const ttlMs = settings.ttlMs + LONGEST_PAUSE_FACTOR * settings.intervalMs
  const claims = observedClaims(others, observations, askedAt, ttlMs)
  return claims.some(({ claim, liveness }) => claim.state === 'MASTER' && isLive(liveness))
}

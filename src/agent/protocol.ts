/**
 * What an agent does, as a state machine: an input in, a new state and effects out. No I/O and no clock of its own, so
 * that the daemon, the scenarios and the simulations run the very same steps.
 */
import { type Decision, decide, type ObservedClaim, type View } from '../core/decide.ts'
import { forgetAges, livenessOf, observe } from '../core/liveness.ts'
import { judgePins } from '../core/pin.ts'
import { type RouteKey, routeKeyText } from '../core/route.ts'
import type { Edge, Effect, Input, Now, ProtocolState, Reading } from './protocol-state.ts'

/** Outside an edge, a read that shows the old target so soon after our own write is stale. Milliseconds, as all below. */
const SETTLE = 3000
/** Looks at what was written, and after a proof of a lower master. */
const LOOKS = [1000, 3000]
const LONGEST_EDGE = 5000
const WRITES_PER_EDGE = 3
const EDGE_MEMORY = 60_000
const EDGES_BEFORE_HELD = 2
const RX_LOWER_PRI_SPACING = 1000
const CONFLICT_INTERVAL = 2000
/** Nodes that are not MASTER read so many times more slowly. */
const OTHERS_SLOWDOWN = 6
const LONGEST_MUTE_BACKOFF = 300_000
const HEAL_MEMORY = 3_600_000
const HEALS_BEFORE_BRAKE = 3
const BRAKE = 600_000

type Turn = { readonly state: ProtocolState; readonly effects: Effect[]; readonly now: Now }

/** One step; `state` is not changed. When the input `wake` is due next, `wakeAt` says. */
export function step(state: ProtocolState, input: Input, now: Now): { state: ProtocolState; effects: Effect[] } {
  const turn: Turn = { state: { ...state }, effects: [], now }
  switch (input.kind) {
    case 'state':
      onState(turn, input)
      break
    case 'rx-lower-pri':
      onRxLowerPri(turn)
      break
    case 'wake':
      onWake(turn)
      break
    case 'read':
      onRead(turn, input.reading)
      break
    case 'written':
      onWritten(turn, input.key, input.accepted)
      break
    case 'published':
      onPublished(turn, input.beat, input.acknowledged)
      break
  }
  return { state: turn.state, effects: turn.effects }
}

/** When the machine wants to be woken, on the monotonic clock. */
export function wakeAt({ tickAt, looks, edge }: ProtocolState): number {
  return Math.min(tickAt, ...looks, ...(edge ? [edge.startedAt + LONGEST_EDGE] : []))
}

function onState(turn: Turn, { state: next, priority, found }: Extract<Input, { kind: 'state' }>): void {
  const { state, now, effects } = turn
  const { self } = state
  if (self.state === next && self.priority === priority) return
  const isTransition = self.state !== next
  const at = new Date(now.wall).toISOString()
  state.self = { ...self, state: next, priority, since: isTransition ? at : self.since, beat: at }
  if (self.state === 'MASTER' && next !== 'MASTER') {
    // Before anything else: a retry that outlives its mastership is how one node steals the route from another.
    effects.push({ kind: 'abort' })
    Object.assign(state, { edge: undefined, writing: [], looks: [], acceptedAt: {} })
  }
  publish(turn)
  if (!isTransition) return
  state.muteBackoffMs = state.settings.intervalMs
  state.muteWroteAt = undefined
  if (next === 'MASTER' && !found) beginEdge(turn)
  else read(turn)
  scheduleTick(turn)
}

function beginEdge(turn: Turn): void {
  const { state, now } = turn
  const recent = state.edges.filter((at) => now.monotonic - at < EDGE_MEMORY)
  const isHeld = state.settings.failover === 'safe' || recent.length >= EDGES_BEFORE_HELD
  state.edges = [...recent, now.monotonic]
  if (isHeld) {
    state.observations = forgetAges(state.observations, now.monotonic)
    read(turn)
    return
  }
  if (state.pin && state.pin.eni !== state.self.eni) {
    read(turn)
    return
  }
  const tracks = [...state.observations.tracks].map(([eni, { beats }]) => [eni, beats] as const)
  state.edge = { startedAt: now.monotonic, beats: Object.fromEntries(tracks), writes: {} }
  const unread = state.keys.filter((key) => !state.foreign.includes(routeKeyText(key)))
  writeInEdge(turn, state.edge, unread, 'MASTER: writing first, asking later')
  if (unread.length < state.keys.length || unread.length === 0) read(turn)
}

function writeInEdge(turn: Turn, edge: Edge, keys: readonly RouteKey[], reason: string): void {
  const { state, now } = turn
  const writes = { ...edge.writes }
  for (const key of keys) writes[routeKeyText(key)] = (writes[routeKeyText(key)] ?? 0) + 1
  state.edge = { ...edge, writes }
  state.looks = LOOKS.map((ms) => now.monotonic + ms)
  write(turn, keys, reason)
}

function write({ state, effects }: Turn, keys: readonly RouteKey[], reason: string): void {
  if (keys.length === 0) return
  state.writing = [...new Set([...state.writing, ...keys.map(routeKeyText)])]
  effects.push({ kind: 'write', keys, reason })
}

/** Keepalived's own proof that a lower node acts as master; five a second are normal. */
function onRxLowerPri(turn: Turn): void {
  const { state, now } = turn
  if (state.self.state !== 'MASTER') {
    onState(turn, { kind: 'state', state: 'MASTER', priority: state.self.priority, found: false })
    return
  }
  if (state.rxLowerPriAt !== undefined && now.monotonic - state.rxLowerPriAt < RX_LOWER_PRI_SPACING) return
  state.rxLowerPriAt = now.monotonic
  state.looks = [...state.looks, ...LOOKS.map((ms) => now.monotonic + ms)]
  read(turn)
}

function onWake(turn: Turn): void {
  const { state, now } = turn
  const isDue = (at: number) => at <= now.monotonic
  if (!isDue(wakeAt(state))) return
  if (isDue(state.tickAt)) {
    scheduleTick(turn)
    if (state.mute) publish(turn)
  }
  state.looks = state.looks.filter((at) => !isDue(at))
  if (state.edge && isDue(state.edge.startedAt + LONGEST_EDGE)) endEdge(turn)
  read(turn)
}

function scheduleTick({ state, now }: Turn): void {
  const { intervalMs } = state.settings
  const isMaster = state.self.state === 'MASTER'
  const pause = isMaster && state.decision?.conflict ? Math.min(CONFLICT_INTERVAL, intervalMs) : intervalMs
  state.tickAt = now.monotonic + (isMaster ? pause : intervalMs * OTHERS_SLOWDOWN)
}

/** One read at a time; one that is asked for meanwhile follows it, since what it should see may be newer. */
function read({ state, effects }: Turn): void {
  if (state.reading) {
    state.readNext = true
    return
  }
  state.reading = true
  effects.push({ kind: 'read' })
}

function onRead(turn: Turn, reading: Reading | undefined): void {
  const { state } = turn
  state.reading = false
  if (reading) onGoodRead(turn, reading)
  else onFailedRead(turn)
  if (state.readNext) {
    state.readNext = false
    read(turn)
  }
}

/** It changes nothing, ages nothing and writes nothing; and a decision that nobody can look up again writes no more. */
function onFailedRead(turn: Turn): void {
  const { state } = turn
  if (!state.edge) abort(turn)
  if (state.decision?.conflict && state.self.state === 'MASTER') beat(turn)
}

function onGoodRead(turn: Turn, reading: Reading): void {
  const { state, now } = turn
  const others = reading.claims.filter(({ claim }) => claim.eni !== state.self.eni)
  const beats = new Map(others.map(({ claim }) => [claim.eni, claim.beat]))
  state.observations = observe(state.observations, beats, now.monotonic, readPause(state))
  const isVoid = new Set(reading.claims.filter((each) => each.isVoid).map(({ claim }) => claim.eni))
  state.pin = judgePins(reading.pins, reading.date, (eni) => isVoid.has(eni)).valid
  state.keys = reading.routes.map(({ key }) => key)
  state.foreign = reading.routes
    .filter(({ standing }) => standing.kind === 'refused')
    .map(({ key }) => routeKeyText(key))
  checkOwnTag(turn, reading)

  const view = viewOf(turn, reading, others)
  if (state.edge && lookInEdge(turn, state.edge, view)) return
  const wasInConflict = state.decision?.conflict === true
  state.decision = decide(view)
  actOn(turn, state.decision, reading)
  if (state.decision.conflict) beat(turn)
  if (state.decision.conflict !== wasInConflict) scheduleTick(turn)
}

/** The longest pause between two reads of this node that is no gap. */
function readPause({ self, settings }: ProtocolState): number {
  return self.state === 'MASTER' ? settings.intervalMs : settings.intervalMs * OTHERS_SLOWDOWN
}

function viewOf({ state, now }: Turn, { routes }: Reading, others: Reading['claims']): View {
  const observed = others.flatMap(({ claim, isVoid }): ObservedClaim[] => {
    const track = state.observations.tracks.get(claim.eni)
    if (!track) return []
    const liveness = isVoid ? 'void' : livenessOf(track, now.monotonic, state.settings.ttlMs)
    return [{ claim, liveness }]
  })
  return { self: state.self, mute: state.mute, others: observed, pin: state.pin, routes }
}

/** Returns whether the edge goes on: until a claim that was renewed since it began says that it is not ours. */
function lookInEdge(turn: Turn, edge: Edge, view: View): boolean {
  const { state, now } = turn
  const renewed = view.others.filter(({ claim }) => !edge.beats[claim.eni]?.includes(claim.beat))
  const decision = decide({ ...view, others: renewed })
  if (decision.intended !== state.self.eni || now.monotonic - edge.startedAt >= LONGEST_EDGE) {
    endEdge(turn)
    return false
  }
  const due = decision.due.filter((key) => {
    const text = routeKeyText(key)
    return !state.writing.includes(text) && (edge.writes[text] ?? 0) < WRITES_PER_EDGE
  })
  if (due.length > 0) writeInEdge(turn, edge, due, decision.reason)
  else if (state.looks.length === 0) state.edge = undefined
  state.decision = { ...decision, condition: state.edge ? 'SWITCHING' : decision.condition }
  return state.edge !== undefined
}

/** What was not accepted by then is left to a normal read and decision. */
function endEdge(turn: Turn): void {
  turn.state.edge = undefined
  abort(turn)
}

function abort({ state, effects }: Turn): void {
  if (state.writing.length === 0) return
  effects.push({ kind: 'abort' })
  state.writing = []
}

function actOn(turn: Turn, decision: Decision, reading: Reading): void {
  const { state, now } = turn
  if (decision.action !== 'write') {
    if (decision.intended !== state.self.eni) abort(turn)
    return
  }
  const due = decision.due.filter((key) => {
    const text = routeKeyText(key)
    const acceptedAt = state.acceptedAt[text]
    const isSettling = acceptedAt !== undefined && now.monotonic - acceptedAt < SETTLE
    return !isSettling && !state.writing.includes(text) && !isBraked(turn, text)
  })
  if (due.length === 0 || !mayWriteMute(turn)) return
  noteHeals(turn, due, reading)
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

/** Only a target that is no node's makes a heal: nodes of the cluster take routes from each other by right. */
function noteHeals({ state, now }: Turn, due: readonly RouteKey[], { routes, claims }: Reading): void {
  const members = new Set(claims.map(({ claim }) => claim.eni))
  const heals = { ...state.heals }
  for (const key of due) {
    const text = routeKeyText(key)
    const standing = routes.find((route) => routeKeyText(route.key) === text)?.standing
    const target = standing?.kind === 'elsewhere' ? standing.route.target : undefined
    if (!target || (target.kind === 'eni' && members.has(target.eni))) continue
    heals[text] = [...(heals[text] ?? []).filter((at) => now.monotonic - at < HEAL_MEMORY), now.monotonic]
  }
  state.heals = heals
}

function onWritten({ state, now }: Turn, key: RouteKey, accepted: boolean): void {
  const text = routeKeyText(key)
  state.writing = state.writing.filter((each) => each !== text)
  if (accepted) state.acceptedAt = { ...state.acceptedAt, [text]: now.monotonic }
}

/** A new beat: the claim is the same, and its node shows that it lives. */
function beat(turn: Turn): void {
  turn.state.self = { ...turn.state.self, beat: new Date(turn.now.wall).toISOString() }
  publish(turn)
}

/** One publish on its way; the newest claim follows it. */
function publish({ state, effects }: Turn): void {
  if (state.publishing !== undefined) {
    state.publishNext = true
    return
  }
  state.publishing = state.self.beat
  effects.push({ kind: 'publish', claim: state.self })
}

function onPublished(turn: Turn, beatOfClaim: string, acknowledged: boolean): void {
  const { state } = turn
  state.publishing = undefined
  state.mute = !acknowledged
  state.mismatchSince = undefined
  if (acknowledged) state.published = beatOfClaim
  if (!state.publishNext) return
  state.publishNext = false
  publish(turn)
}

/** The own tag comes back with every read; what is wrong for longer than reads are stale is published again. */
function checkOwnTag(turn: Turn, { claims }: Reading): void {
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

/**
 * What an agent does, as a state machine: an input in, a new state and effects out. No I/O and no clock of its own, so
 * that the daemon, the scenarios and the simulations run the very same steps.
 */
import { type Decision, decide, type ObservedClaim, type View } from '../core/decide.ts'
import { counts, forgetAges, livenessOf, observe } from '../core/liveness.ts'
import { judgePins } from '../core/pin.ts'
import { type RouteKey, routeKeyText } from '../core/route.ts'
import type { Edge, Effect, Input, Now, ProtocolState, Reading } from './protocol-state.ts'

/** Outside an edge, a read that shows the old target so soon after our own write is stale. Milliseconds, as all below. */
const SETTLE = 3000
/** Looks at what was written. */
const LOOKS = [1000, 3000]
/** After the first proof of a lower master: its first write may land later than our look at once. */
const LOOKS_AFTER_FIRST_PROOF = [300, ...LOOKS]
const PROOF_MEMORY = 3000
const LONGEST_EDGE = 5000
const WRITES_PER_EDGE = 3
const EDGE_MEMORY = 60_000
const EDGES_BEFORE_HELD = 2
const RX_LOWER_PRI_SPACING = 1000
const CONFLICT_INTERVAL = 2000
/** Nodes that are neither MASTER nor pinned read so many times more slowly. */
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
  state.self = { ...self, state: next, priority, since: isTransition ? at : self.since, beat: nextBeat(turn) }
  if (self.state === 'MASTER' && next !== 'MASTER') {
    // Before anything else: a retry that outlives its mastership is how one node steals the route from another.
    effects.push({ kind: 'abort' })
    Object.assign(state, { edge: undefined, writing: [], looks: [], acceptedAt: {}, contestedSince: undefined })
  }
  if (!isTransition) {
    publish(turn)
    return
  }
  state.muteBackoffMs = state.settings.intervalMs
  state.muteWroteAt = undefined
  if (next === 'MASTER' && !found) beginEdge(turn)
  else read(turn)
  publish(turn)
  scheduleTick(turn)
}

function beginEdge(turn: Turn): void {
  const { state, now } = turn
  const recent = state.edges.filter((at) => now.monotonic - at < EDGE_MEMORY)
  state.edges = [...recent, now.monotonic]
  state.beatNext = true
  const held = heldBecause(state, recent.length + 1)
  if (held) {
    if (held.restartsAges) state.observations = forgetAges(state.observations, now.monotonic)
    announceEdge(turn, [], `${held.reason}: reading before anything is written`)
    read(turn)
    return
  }
  state.edge = { startedAt: now.monotonic, beats: undefined, writes: {} }
  const unread = state.keys.filter((key) => !state.foreign.includes(routeKeyText(key)))
  const reason = announceEdge(turn, unread, ': writing at once, reading later')
  writeInEdge(turn, state.edge, unread, reason)
  if (!state.reading) read(turn)
}

/** Why an edge into MASTER does not write at once. */
function heldBecause({ settings, pin, self }: ProtocolState, edges: number) {
  if (settings.failover === 'safe') return { reason: '; failover is safe', restartsAges: true }
  if (edges > EDGES_BEFORE_HELD) return { reason: `, ${edges} times within a minute`, restartsAges: true }
  if (pin && pin.eni !== self.eni) return { reason: `, but the routes are pinned to ${pin.eni}`, restartsAges: false }
  return undefined
}

/** What stands for a decision until something was read; returns its reason. */
function announceEdge({ state }: Turn, due: readonly RouteKey[], how: string): string {
  const action = due.length > 0 ? 'write' : 'none'
  const intended = due.length > 0 ? state.self.eni : undefined
  const reason = `we have become MASTER${how}`
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

function onWake(turn: Turn): void {
  const { state, now } = turn
  const isDue = (at: number) => at <= now.monotonic
  if (!isDue(wakeAt(state))) return
  if (isDue(state.tickAt)) {
    scheduleTick(turn)
    state.beatNext = true
    if (state.mute) publish(turn)
  }
  const looks = state.looks.filter((at) => !isDue(at))
  if (looks.length < state.looks.length && state.rxLowerPriAt !== undefined) state.rxLowerPriAt = now.monotonic
  state.looks = looks
  if (state.edge && isDue(state.edge.startedAt + LONGEST_EDGE)) endEdge(turn)
  read(turn)
}

function scheduleTick({ state, now }: Turn): void {
  const isInConflict = state.self.state === 'MASTER' && state.decision?.conflict
  state.tickAt = now.monotonic + (isInConflict ? Math.min(CONFLICT_INTERVAL, readPause(state)) : readPause(state))
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
  const { edge, self, decision } = state
  const conflict = decision?.conflict === true && self.state === 'MASTER'
  if (!edge) {
    abort(turn)
    const reason = `we are ${self.state}; EC2 cannot be read: nothing is decided, and nothing written, until it can`
    const intended = decision?.intended
    state.decision = { intended, action: 'none', due: [], condition: 'UNKNOWN', reason, conflict }
  }
  if (conflict && state.beatNext) beat(turn)
}

function onGoodRead(turn: Turn, reading: Reading): void {
  const { state, now } = turn
  const others = reading.claims.filter(({ claim }) => claim.eni !== state.self.eni)
  const beats = new Map(others.map(({ claim }) => [claim.eni, claim.beat]))
  state.observations = observe(state.observations, beats, now.monotonic, readPause(state))
  const wasPinned = state.pin?.eni
  const { valid, ignored } = judgePins(reading.pins, reading.date, (eni) => reading.voids.has(eni))
  Object.assign(state, { pin: valid, ignoredPins: ignored })
  state.keys = reading.routes.map(({ key }) => key)
  state.foreign = reading.routes
    .filter(({ standing }) => standing.kind === 'refused')
    .map(({ key }) => routeKeyText(key))
  // A write that waits to be tried again may not replace what has become somebody else's.
  if (state.writing.some((key) => state.foreign.includes(key))) abort(turn)
  checkOwnTag(turn, reading)

  const view = viewOf(turn, reading, others)
  if (state.edge && lookInEdge(turn, state.edge, view)) return
  const wasInConflict = state.decision?.conflict === true
  const decision = decide(view)
  actOn(turn, decision, reading)
  state.decision = { ...decision, reason: [decision.reason, ...state.ignoredPins, ...braked(turn)].join('; ') }
  if (decision.conflict && (state.beatNext || !wasInConflict)) beat(turn)
  if (decision.conflict !== wasInConflict || valid?.eni !== wasPinned) scheduleTick(turn)
}

/** The longest pause between two reads of this node that is no gap. */
function readPause({ self, pin, settings }: ProtocolState): number {
  const mayWrite = self.state === 'MASTER' || pin?.eni === self.eni
  return mayWrite ? settings.intervalMs : settings.intervalMs * OTHERS_SLOWDOWN
}

function viewOf({ state, now }: Turn, { routes, claims }: Reading, others: Reading['claims']): View {
  const observed = others.flatMap(({ claim, isVoid }): ObservedClaim[] => {
    const track = state.observations.tracks.get(claim.eni)
    if (!track) return []
    const liveness = isVoid ? 'void' : livenessOf(track, now.monotonic, state.settings.ttlMs)
    return [{ claim, liveness }]
  })
  const { self, mute, pin, settings } = state
  const isContested = observed.some(({ claim, liveness }) => claim.state === 'MASTER' && counts(liveness))
  state.contestedSince = self.state === 'MASTER' && isContested ? (state.contestedSince ?? now.monotonic) : undefined
  const isLasting = state.contestedSince !== undefined && now.monotonic - state.contestedSince >= settings.ttlMs
  const isVoid = claims.some((each) => each.isVoid && each.claim.eni === self.eni)
  return { self, isVoid, mute, others: observed, isLasting, pin, routes }
}

/**
 * Returns whether the edge goes on: until a claim that was renewed since it began says that it is not ours. The first
 * read, asked for together with the first write, only shows which claims were there, and what was not written yet.
 */
function lookInEdge(turn: Turn, begun: Edge, view: View): boolean {
  const { state, now } = turn
  const tracks = [...state.observations.tracks].map(([eni, { beats }]) => [eni, beats] as const)
  const beats = begun.beats ?? Object.fromEntries(tracks)
  const edge = { ...begun, beats }
  state.edge = edge
  const renewed = view.others.filter(({ claim }) => !beats[claim.eni]?.includes(claim.beat))
  const decision = decide({ ...view, others: renewed })
  if (decision.intended !== state.self.eni || now.monotonic - edge.startedAt >= LONGEST_EDGE) {
    endEdge(turn)
    return false
  }
  const due = decision.due.filter((key) => {
    const text = routeKeyText(key)
    const writes = edge.writes[text] ?? 0
    return !state.writing.includes(text) && writes < (begun.beats ? WRITES_PER_EDGE : 1)
  })
  if (due.length > 0) {
    writeInEdge(turn, edge, due, decision.reason)
    beat(turn) // Who took the route meanwhile, in an edge of its own, shall see that we live.
  } else if (state.looks.length === 0) {
    // What is not accepted yet is tried until the edge is over; nobody's claim may be overlooked meanwhile.
    if (state.writing.length > 0) state.looks = LOOKS.slice(0, 1).map((ms) => now.monotonic + ms)
    else endEdge(turn)
  }
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

/** What an external writer has done, for people. */
function braked({ state, now }: Turn): string[] {
  const isRecent = (at: number) => now.monotonic - at < HEAL_MEMORY
  const taken = Object.entries(state.heals).filter(([, heals]) => heals.filter(isRecent).length >= HEALS_BEFORE_BRAKE)
  return taken.map(([key]) => {
    const [table, vip] = key.split(' ')
    return `something that is no node of the cluster takes ${vip} in ${table} again and again (Terraform, another tool?): taking it back every ${BRAKE / 60_000} minutes at most`
  })
}

/**
 * Only a target that is no node's makes a heal: nodes of the cluster take routes from each other by right. Nor does a
 * blackhole, which is what is left when a target goes away, its claim with it.
 */
function noteHeals({ state, now }: Turn, due: readonly RouteKey[], { routes, claims }: Reading): void {
  const members = new Set(claims.map(({ claim }) => claim.eni))
  const heals = { ...state.heals }
  for (const key of due) {
    const text = routeKeyText(key)
    const standing = routes.find((route) => routeKeyText(route.key) === text)?.standing
    const route = standing?.kind === 'elsewhere' && standing.route.state === 'active' ? standing.route : undefined
    if (!route || (route.target.kind === 'eni' && members.has(route.target.eni))) continue
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
  turn.state.beatNext = false
  turn.state.self = { ...turn.state.self, beat: nextBeat(turn) }
  publish(turn)
}

/** A beat of its own for every change: two within a millisecond, or a clock that was set back, repeat none. */
function nextBeat({ state, now }: Turn): string {
  return new Date(Math.max(now.wall, Date.parse(state.self.beat) + 1)).toISOString()
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

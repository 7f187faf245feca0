/**
 * The protocol as a state machine: an input in, a new state and effects out. It has no I/O and no clock, so the daemon,
 * the scenarios and the simulations run the very same steps.
 */
import { beginEdge, endEdge, LONGEST_EDGE } from './edge.ts'
import { forgetHeld } from './external-writer.ts'
import type { Effect, Input, Now } from './inputs-and-effects.ts'
import { onIdentity } from './new-interface.ts'
import { beat, nextBeat, onPublished, publish, publishNow, scheduleBeat } from './publishing.ts'
import { onRead } from './reading.ts'
import type { ProtocolState } from './state.ts'
import { LOOKS, PUBLISH_BACKOFF, READ_BACKOFF } from './times.ts'
import { read, scheduleTick, type Turn, tickPause } from './turn.ts'
import { onWritten } from './writing.ts'

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

/** What happens to a VRRP instance, told from the steps of its agent. Pure, like the protocol. */
import type { NodeState } from '../core/claim.ts'
import { type Decision, isNews } from '../core/decide.ts'
import { type Detail, newDetails } from '../core/detail.ts'
import type { Pin } from '../core/pin.ts'
import type { Input } from '../core/protocol/inputs-and-effects.ts'
import type { ProtocolState, Taker } from '../core/protocol/state.ts'
import { routeKeyText } from '../core/route.ts'
import type { Happening, Since } from './entry.ts'

/** A step that an agent has made. */
export type Step = {
  /** The state after it. */
  readonly state: ProtocolState
  readonly input: Input
  /** Milliseconds on the monotonic clock. */
  readonly now: number
  /** When this process heard of keepalived's event, if that was earlier. */
  readonly heardAt?: number
}

/** Where milliseconds count from. */
type Origin = { readonly at: number; readonly since: Since }

/** Writes that have not been told completely yet. */
type Batch = {
  readonly origin: Origin
  /** Not answered yet. */
  readonly open: readonly string[]
  readonly accepted: readonly string[]
  readonly acceptedAt: number | undefined
  readonly failed: readonly string[]
  readonly errors: readonly string[]
  readonly takenFrom: readonly string[]
}

/** Accepted routes that have not been read back yet: when each was accepted. */
type Unconfirmed = { readonly origin: Origin; readonly routes: ReadonlyMap<string, number>; readonly confirmed: number }

/** What is kept from one step to the next. */
export type Memory = {
  readonly state: NodeState
  readonly priority: number | undefined
  readonly decision: Decision | undefined
  readonly pin: Pin | undefined
  readonly details: readonly Detail[]
  readonly proofAt: number | undefined
  /** When this node became MASTER, until the first writes have begun. */
  readonly eventAt: number | undefined
  readonly batch: Batch | undefined
  readonly unconfirmed: Unconfirmed | undefined
  readonly before: ProtocolState | undefined
}

/** @param state the last one known, if any */
export function newMemory(state: NodeState = 'UNKNOWN'): Memory {
  return {
    state,
    priority: undefined,
    decision: undefined,
    pin: undefined,
    details: [],
    proofAt: undefined,
    eventAt: undefined,
    batch: undefined,
    unconfirmed: undefined,
    before: undefined,
  }
}

/** Proofs of a lower master come once per advert. Milliseconds. */
const PROOF_MEMORY = 10_000
const SHOWN_ROUTES = 6
const SHOWN_ERRORS = 3

/** What a step tells, in the order in which it happened. */
export function chronicle(before: Memory, step: Step): { memory: Memory; told: readonly Happening[] } {
  const told: Happening[] = []
  let memory = before
  for (const tell of [tellState, tellProof, tellPin, tellWrites, tellConfirmed, tellDecision, tellDetails]) {
    memory = tell(memory, step, told)
  }
  return { memory: { ...memory, before: step.state }, told }
}

type Teller = (memory: Memory, step: Step, told: Happening[]) => Memory

const tellState: Teller = (memory, { state: { self, edge, isHeld }, input, now, heardAt = now }, told) => {
  // A new agent does not know yet what the last one knew.
  if (self.state === 'UNKNOWN') return memory
  const { state: from, priority: before } = memory
  const { state: to, priority } = self
  if (from === to) {
    if (before !== undefined && priority !== undefined && before !== priority)
      told.push({ kind: 'priority', from: before, to: priority })
    return { ...memory, priority: priority ?? before }
  }
  const cause = input.kind === 'state' ? (input.cause ?? null) : 'proof'
  const found = input.kind === 'state' && input.found
  told.push({ kind: 'transition', from, to, priority: priority ?? null, cause, found })
  const hasBegun = edge !== undefined || isHeld
  return { ...memory, state: to, priority, eventAt: hasBegun ? heardAt : undefined }
}

const tellProof: Teller = (memory, { input, now }, told) => {
  if (input.kind !== 'rx-lower-pri') return memory
  if (memory.proofAt === undefined || now - memory.proofAt > PROOF_MEMORY) told.push({ kind: 'proof' })
  return { ...memory, proofAt: now }
}

const tellPin: Teller = (memory, { state: { pin } }, told) => {
  const { pin: before } = memory
  if (before && pin?.eni !== before.eni) told.push({ kind: 'unpinned', from: before.eni })
  if (pin && (pin.eni !== before?.eni || pin.until !== before.until))
    told.push({ kind: 'pinned', to: pin.eni, until: pin.until })
  return { ...memory, pin }
}

const tellWrites: Teller = (memory, { state, input, now }, told) => {
  const begun = begin(memory, state, now)
  const answered = input.kind === 'written' ? answer(begun, input, now) : begun
  const { batch } = answered
  if (!batch) return answered
  const waiting = batch.open.filter((route) => state.writing.includes(route))
  const isOver = waiting.length === 0
  const hasNews = batch.accepted.length + batch.failed.length > 0
  // While some are retried, the others are told at the next look.
  if (!isOver && !(hasNews && input.kind === 'read')) return answered
  const { accepted, failed, takenFrom, errors, origin, acceptedAt } = batch
  told.push({
    kind: 'writes',
    accepted: accepted.length,
    failed: failed.length,
    waiting: waiting.length,
    ended: batch.open.length - waiting.length,
    ms: acceptedAt === undefined ? null : Math.round(acceptedAt - origin.at),
    since: origin.since,
    routes: [...accepted, ...failed, ...batch.open].slice(0, SHOWN_ROUTES),
    takenFrom,
    errors,
  })
  const rest = isOver ? undefined : { ...batch, ...NO_ANSWERS, open: waiting }
  return { ...answered, batch: rest }
}

const NO_ANSWERS = { accepted: [], acceptedAt: undefined, failed: [], errors: [], takenFrom: [] }

/** Takes up the writes that this step has begun. The first ones after an event count from it. */
function begin(memory: Memory, { writing, edge }: ProtocolState, now: number): Memory {
  const known = memory.batch?.open ?? []
  const fresh = writing.filter((route) => !memory.before?.writing.includes(route) && !known.includes(route))
  if (fresh.length === 0) return memory
  const eventAt = edge || memory.before?.isHeld ? memory.eventAt : undefined
  const origin: Origin = { at: eventAt ?? now, since: eventAt === undefined ? 'decision' : 'event' }
  const batch = memory.batch ?? { origin, open: [], ...NO_ANSWERS }
  return { ...memory, eventAt: undefined, batch: { ...batch, open: [...batch.open, ...fresh] } }
}

function answer(memory: Memory, { key, accepted, why }: Extract<Input, { kind: 'written' }>, now: number): Memory {
  const route = routeKeyText(key)
  const { batch, before } = memory
  if (!batch?.open.includes(route)) return memory
  const open = batch.open.filter((each) => each !== route)
  if (!accepted) {
    const errors = why === undefined || batch.errors.includes(why) ? batch.errors : [...batch.errors, why]
    return {
      ...memory,
      batch: { ...batch, open, failed: [...batch.failed, route], errors: errors.slice(0, SHOWN_ERRORS) },
    }
  }
  const taker = before?.healing[route]
  const takenFrom = taker ? [...new Set([...batch.takenFrom, takerText(taker)])] : batch.takenFrom
  const { origin } = batch
  const { routes = [], confirmed = 0 } = memory.unconfirmed ?? {}
  return {
    ...memory,
    batch: { ...batch, open, accepted: [...batch.accepted, route], acceptedAt: now, takenFrom },
    unconfirmed: { origin, routes: new Map([...routes, [route, now]]), confirmed },
  }
}

function takerText(taker: Taker): string {
  switch (taker.kind) {
    case 'member':
      return taker.eni
    case 'outsider':
      return `${taker.target}, which is not a node of the cluster`
    case 'deleter':
      return 'whoever deleted them'
  }
}

/** A read that was issued after a route was accepted confirms it, or shows that it has gone again. */
const tellConfirmed: Teller = (memory, { state, input, now }, told) => {
  const { unconfirmed, before } = memory
  const askedAt = before?.readingSince
  if (state.self.state !== 'MASTER') return { ...memory, unconfirmed: undefined }
  if (!unconfirmed || input.kind !== 'read' || askedAt === undefined) return memory
  const read = input.reading ? input.reading.routes : (input.routes ?? [])
  const standings = new Map(read.map(({ key, standing }) => [routeKeyText(key), standing.kind]))
  const seen = [...unconfirmed.routes].filter(([route, at]) => at <= askedAt && standings.has(route))
  const confirmed = unconfirmed.confirmed + seen.filter(([route]) => standings.get(route) === 'in-place').length
  const routes = new Map([...unconfirmed.routes].filter(([route]) => !seen.some(([each]) => each === route)))
  if (routes.size > 0) return { ...memory, unconfirmed: { ...unconfirmed, routes, confirmed } }
  const { at, since } = unconfirmed.origin
  if (confirmed > 0) told.push({ kind: 'confirmed', routes: confirmed, ms: Math.round(now - at), since })
  return { ...memory, unconfirmed: undefined }
}

const tellDecision: Teller = (memory, { state: { decision } }, told) => {
  // A new agent has not decided anything yet.
  if (!decision || !isNews(decision, memory.decision)) return memory
  const { condition, action, intended, reason } = decision
  told.push({ kind: 'decision', condition, action, intended: intended ?? null, reason })
  return { ...memory, decision }
}

const tellDetails: Teller = (memory, { state: { details }, input }, told) => {
  if (input.kind !== 'read' || !input.reading) return memory
  for (const { kind, message } of newDetails(memory.details, details))
    told.push({ kind: 'detail', detail: kind, message, isOver: false })
  for (const { kind, message } of memory.details) {
    if (!details.some((each) => each.kind === kind)) told.push({ kind: 'detail', detail: kind, message, isOver: true })
  }
  return { ...memory, details }
}

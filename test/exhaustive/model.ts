/**
 * Two nodes and one route as a state that can be copied. Calls take no time, but any order of their parts is possible: a
 * read is served and then delivered, a write or a publish happens and is then answered.
 * Time passes only when nothing is under way but what is held back, and then to the next moment that a node asked for.
 */

import type { EventState } from '../../src/adapters/keepalived/event.ts'
import type { JournalEntry, Moment } from '../../src/agent/node/event-order.ts'
import { LONGEST_PUBLISH, timeFor } from '../../src/agent/notify/event-life.ts'
import type { Claim } from '../../src/core/claim.ts'
import type { Effect, Input, Reading } from '../../src/core/protocol/inputs-and-effects.ts'
import { step, wakeAt } from '../../src/core/protocol/protocol.ts'
import { defaultSettings, type ProtocolState } from '../../src/core/protocol/state.ts'
import { type RouteKey, standingOf } from '../../src/core/route.ts'
import { parseVip } from '../../src/core/vip.ts'
import { eni, rtb, tableWith } from '../support/fixtures.ts'
import { check } from './checks.ts'

/** `by`: whose call it is. */
export type Call = { readonly by: number } & (
  | { readonly kind: 'read'; readonly reading: Reading | undefined }
  /** `held`: its request is somewhere between the node and EC2, and arrives when it arrives. */
  | { readonly kind: 'write'; readonly done: boolean; readonly wanted: boolean; readonly held: boolean }
  | { readonly kind: 'publish'; readonly claim: Claim }
)

export type Kind = 'daemon' | 'hooks'

/** What a hook is besides. */
export type HookModel = {
  readonly state: EventState
  readonly moment: Moment
  /** It starts when it starts, and no time waits for it. */
  readonly isLate: boolean
  /** Undefined: it has not recorded its event yet. */
  readonly begunAt: number | undefined
  /** EC2 has answered its first write, or it has none: whatever else it asks may go. */
  readonly isUnderWay: boolean
  /** Whether its last read showed the route in place. */
  readonly isInPlace: boolean
}

/** A process that acts for a node: its daemon, or a hook. */
export type Actor = {
  /** Of hooks in the order of their forks; of the daemon it is 0. */
  readonly id: number
  /** Undefined: a hook that does not act yet. */
  readonly protocol: ProtocolState | undefined
  readonly hook: HookModel | undefined
}

export type NodeModel = {
  readonly kind: Kind
  readonly actors: readonly Actor[]
  readonly vrrp: 'MASTER' | 'BACKUP'
  readonly tag: Claim | undefined
  readonly calls: readonly Call[]
  /** The events that its hooks have recorded. */
  readonly journal: readonly JournalEntry[]
  /** How many hooks were run. */
  readonly forks: number
  /** Which of all states of a node it is in, as of some moment. */
  readonly known: { now: number; number: number }
}

export type Model = {
  readonly now: number
  readonly nodes: readonly [NodeModel, NodeModel]
  /** Which node the route is at. */
  readonly target: 0 | 1 | undefined
  /** Transitions of VRRP that are still to come, and faults of everything else. */
  readonly events: number
  readonly faults: number
}

export const KEY: RouteKey = { table: rtb('rtb-1'), vip: parseVip('10.99.0.10') }
export const NAMES = ['a', 'b'] as const
export const ENIS = [eni('eni-a'), eni('eni-b')] as const
export const PRIORITIES = [150, 100] as const
export const ADDRESSES = ['10.0.1.10', '10.0.2.10'] as const
export const SETTINGS = defaultSettings(5000)
export const NODES = [0, 1] as const
const IDLE_MS = 1000

export type Index = (typeof NODES)[number]

export function withNode(model: Model, index: Index, change: Partial<NodeModel>): Model {
  const [a, b] = model.nodes
  const known = { now: Number.NaN, number: 0 }
  return { ...model, nodes: index === 0 ? [{ ...a, ...change, known }, b] : [a, { ...b, ...change, known }] }
}

export function withActor(model: Model, index: Index, changed: Actor): Model {
  const actors = model.nodes[index].actors.map((actor) => (actor.id === changed.id ? changed : actor))
  return withNode(model, index, { actors })
}

export function actorOf(model: Model, index: Index, id: number): Actor | undefined {
  return model.nodes[index].actors.find((actor) => actor.id === id)
}

/** What is answered to a process that has ended is lost. */
export function stepped(model: Model, index: Index, id: number, input: Input): Model {
  const actor = actorOf(model, index, id)
  const before = actor?.protocol
  if (!actor || !before) return model
  const { state, effects } = step(before, input, { monotonic: model.now, wall: model.now })
  check({ node: model.nodes[index], name: NAMES[index], actor, input, before, after: state, effects })
  const calls = effects.reduce((made, effect) => performed(made, effect, id), model.nodes[index].calls)
  return withActor(withNode(model, index, { calls }), index, { ...actor, protocol: state })
}

function performed(calls: readonly Call[], effect: Effect, by: number): readonly Call[] {
  switch (effect.kind) {
    case 'read':
      return [...calls, { by, kind: 'read', reading: undefined }]
    case 'write':
      return [...calls, { by, kind: 'write', done: false, wanted: true, held: false }]
    case 'publish':
      return [...calls, { by, kind: 'publish', claim: effect.claim }]
    case 'abort':
      return calls.flatMap((call) => (call.by === by ? aborted(call) : [call]))
    case 'withdraw':
      return calls // Interfaces stay what they are here.
  }
}

/** What is on its way arrives all the same; nobody waits for an answer any more. */
function aborted(call: Call): readonly Call[] {
  if (call.kind !== 'write') return [call]
  return call.done ? [] : [{ ...call, wanted: false }]
}

/** A process ends: nobody waits for what it has asked, and what it has written is on its way all the same. */
export function ended(model: Model, index: Index, id: number): Model {
  const { actors, calls } = model.nodes[index]
  return withNode(model, index, {
    actors: actors.filter((actor) => actor.id !== id),
    calls: calls.flatMap((call) => (call.by !== id ? [call] : call.kind === 'write' ? aborted(call) : [])),
  })
}

/** Nothing is under way but what is held back. */
export function isQuiet({ nodes, now }: Model): boolean {
  return nodes.every(
    ({ actors, calls }) =>
      calls.every((call) => call.kind === 'write' && call.held) &&
      actors.every(({ protocol, hook }) => (protocol ? wakeAt(protocol) > now : hook?.isLate === true)),
  )
}

/** When it may be over by itself. */
function nextMomentOf({ state, begunAt }: HookModel, now: number): number[] {
  if (begunAt === undefined) return []
  return [begunAt + LONGEST_PUBLISH, begunAt + timeFor(state, 0)].filter((at) => at > now)
}

/** When something happens next by itself: if nothing does, whatever happens may happen a while later. */
export function nextMoment({ nodes, now }: Model): number {
  const moments = nodes.flatMap(({ actors }) =>
    actors.flatMap(({ protocol, hook }) => [
      ...(protocol ? [wakeAt(protocol)] : []),
      ...(hook ? nextMomentOf(hook, now) : []),
    ]),
  )
  return moments.length > 0 ? Math.min(...moments) : now + IDLE_MS
}

export function replaceCall(model: Model, index: Index, at: number, changed: Call | undefined): Model {
  const { calls } = model.nodes[index]
  return withNode(model, index, {
    calls: [...calls.slice(0, at), ...(changed ? [changed] : []), ...calls.slice(at + 1)],
  })
}

export function readingOf(model: Model, index: Index): Reading {
  const target =
    model.target === undefined ? undefined : ({ kind: 'eni', eni: ENIS[model.target], instance: undefined } as const)
  const routes = target ? [{ destination: KEY.vip, target, state: 'active' as const, origin: 'CreateRoute' }] : []
  const standing = standingOf(tableWith(routes, { id: KEY.table }), KEY.vip, ENIS[index], {
    createMissing: true,
    takeOver: [],
  })
  const claims = model.nodes.flatMap(({ tag }) => (tag ? [{ claim: tag, isUnreachable: false }] : []))
  return {
    routes: [{ key: KEY, standing }],
    claims,
    pins: [],
    unreachable: new Set(),
    checked: new Set(),
    date: model.now,
  }
}

/** Whose the route is by VRRP's own rule; undefined where nobody is MASTER, and it stays where it is. */
export function ownerOf({ nodes }: Model): Index | undefined {
  return NODES.find((index) => nodes[index].vrrp === 'MASTER')
}

export function writesOnTheirWay({ nodes }: Model): boolean {
  return nodes.some(({ calls }) => calls.some(({ kind }) => kind === 'write'))
}

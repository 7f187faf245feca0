/**
 * Two nodes and one route as a state that can be copied. Calls take no time, but any order of their parts is possible: a
 * read is served and then delivered, a write or a publish happens and is then answered.
 * Time passes only when nothing is under way but what is held back, and then to the next moment that a node asked for.
 */

import type { Claim } from '../../src/core/claim.ts'
import { step, wakeAt } from '../../src/core/protocol/protocol.ts'
import {
  defaultSettings,
  type Effect,
  type Input,
  initialState,
  type ProtocolState,
  type Reading,
} from '../../src/core/protocol/state.ts'
import { type RouteKey, standingOf } from '../../src/core/route.ts'
import { parseVip } from '../../src/core/vip.ts'
import { eni, rtb, tableWith } from '../support/fixtures.ts'

export type Call =
  | { readonly kind: 'read'; readonly reading: Reading | undefined }
  /** `held`: its request is somewhere between the node and EC2, and arrives when it arrives. */
  | { readonly kind: 'write'; readonly done: boolean; readonly wanted: boolean; readonly held: boolean }
  | { readonly kind: 'publish'; readonly claim: Claim }

export type NodeModel = {
  readonly protocol: ProtocolState | undefined
  readonly vrrp: 'MASTER' | 'BACKUP'
  readonly tag: Claim | undefined
  readonly calls: readonly Call[]
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

export class BrokenRule extends Error {
  override name = 'BrokenRule'
}

export const KEY: RouteKey = { table: rtb('rtb-1'), vip: parseVip('10.99.0.10') }
export const NAMES = ['a', 'b'] as const
const ENIS = [eni('eni-a'), eni('eni-b')] as const
export const PRIORITIES = [150, 100] as const
const ADDRESSES = ['10.0.1.10', '10.0.2.10'] as const
const SETTINGS = defaultSettings(5000)
export const NODES = [0, 1] as const

export type Index = (typeof NODES)[number]

/** Both daemons have just started; a is the master. */
export function begin(budget: { events: number; faults: number }): Model {
  const nobody: NodeModel = {
    protocol: undefined,
    vrrp: 'BACKUP',
    tag: undefined,
    calls: [],
    known: { now: Number.NaN, number: 0 },
  }
  const blank: Model = { now: 0, nodes: [{ ...nobody, vrrp: 'MASTER' }, nobody], target: undefined, ...budget }
  return start(start(blank, 0), 1)
}

function start(model: Model, index: Index): Model {
  const options = { eni: ENIS[index], address: ADDRESSES[index], keys: [KEY] }
  const protocol = initialState(SETTINGS, options, { monotonic: model.now, wall: model.now })
  const born = withNode(model, index, { protocol })
  const { vrrp } = model.nodes[index]
  return deliver(born, index, { kind: 'state', state: vrrp, priority: PRIORITIES[index], found: true })
}

export function withNode(model: Model, index: Index, change: Partial<NodeModel>): Model {
  const [a, b] = model.nodes
  const known = { now: Number.NaN, number: 0 }
  return { ...model, nodes: index === 0 ? [{ ...a, ...change, known }, b] : [a, { ...b, ...change, known }] }
}

export function deliver(model: Model, index: Index, input: Input): Model {
  const node = model.nodes[index]
  const before = node.protocol
  if (!before) return model
  const { state, effects } = step(before, input, { monotonic: model.now, wall: model.now })
  check(index, input, before, state, effects)
  const calls = effects.reduce(performed, node.calls)
  return withNode(model, index, { protocol: state, calls })
}

function performed(calls: readonly Call[], effect: Effect): readonly Call[] {
  switch (effect.kind) {
    case 'read':
      return [...calls, { kind: 'read', reading: undefined }]
    case 'write':
      return [...calls, { kind: 'write', done: false, wanted: true, held: false }]
    case 'publish':
      return [...calls, { kind: 'publish', claim: effect.claim }]
    case 'abort':
      return calls.flatMap(aborted)
    case 'withdraw':
      return calls // Interfaces stay what they are here.
  }
}

/** What is on its way arrives all the same; nobody waits for an answer any more. */
function aborted(call: Call): readonly Call[] {
  if (call.kind !== 'write') return [call]
  return call.done ? [] : [{ ...call, wanted: false }]
}

/** What must hold at every step, whatever the order. */
function check(
  index: Index,
  input: Input,
  before: ProtocolState,
  after: ProtocolState,
  effects: readonly Effect[],
): void {
  const name = NAMES[index]
  const writes = effects.some(({ kind }) => kind === 'write')
  if (writes && after.self.state !== 'MASTER') throw new BrokenRule(`${name} writes and knows that it is no master`)
  if (writes && input.kind === 'read' && !input.reading) throw new BrokenRule(`${name} writes on a failed read`)
  const leaves = before.self.state === 'MASTER' && after.self.state !== 'MASTER'
  if (leaves && before.writing.length > 0 && effects[0]?.kind !== 'abort') {
    throw new BrokenRule(`${name} leaves MASTER and aborts nothing`)
  }
}

/** Nothing is under way but what is held back. */
export function isQuiet({ nodes, now }: Model): boolean {
  return nodes.every(
    ({ protocol, calls }) =>
      calls.every((call) => call.kind === 'write' && call.held) && (!protocol || wakeAt(protocol) > now),
  )
}

export function nextMoment({ nodes }: Model): number {
  return Math.min(...nodes.map(({ protocol }) => (protocol ? wakeAt(protocol) : Number.POSITIVE_INFINITY)))
}

/** What it had sent is on its way all the same. */
export function restart(model: Model, index: Index): Model {
  const calls = model.nodes[index].calls.filter(({ kind }) => kind === 'write').flatMap(aborted)
  return start(withNode(model, index, { calls }), index)
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
  const routes = target ? [{ destination: KEY.vip, target, state: 'active' as const, propagated: false }] : []
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

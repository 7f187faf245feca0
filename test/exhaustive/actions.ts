/** Everything that may happen next to two nodes and one route. */

import type { Input, Reading } from '../../src/core/protocol/inputs-and-effects.ts'
import { wakeAt } from '../../src/core/protocol/protocol.ts'
import { restart, transition } from './cluster.ts'
import { deliver, fork, startHook, withoutFinished } from './hooks.ts'
import {
  type Actor,
  actorOf,
  type Call,
  ended,
  type Index,
  isQuiet,
  KEY,
  type Model,
  NAMES,
  NODES,
  nextMoment,
  readingOf,
  replaceCall,
  withActor,
  withNode,
} from './model.ts'

export type Action = { readonly name: string; readonly next: () => Model }

/** All that may happen next. */
export function* actionsOf(model: Model): Generator<Action, void> {
  for (const index of NODES) {
    yield* callActions(model, index)
    for (const actor of model.nodes[index].actors) yield* actorActions(model, index, actor)
  }
  for (const index of NODES) yield* eventActions(model, index)
  if (!isQuiet(model)) return
  const next = nextMoment(model)
  if (next <= model.now) return
  const later = { ...model, now: next }
  yield { name: `${next - model.now} ms pass`, next: () => NODES.reduce(withoutFinished, later) }
}

/** What a process does by itself, or what becomes of it. */
function* actorActions(model: Model, index: Index, actor: Actor): Generator<Action, void> {
  const { id, protocol, hook } = actor
  const name = nameOf(model, index, id)
  if (protocol && wakeAt(protocol) <= model.now) {
    yield { name: `${name} wakes`, next: () => deliver(model, index, id, { kind: 'wake' }) }
  }
  if (!hook) return
  const spent = { ...model, faults: model.faults - 1 }
  if (hook.begunAt === undefined) {
    yield { name: `${name} starts`, next: () => startHook(model, index, actor) }
    if (hook.isLate || model.faults === 0) return
    const late = { ...actor, hook: { ...hook, isLate: true } }
    yield { name: `${name} is late`, next: () => withActor(spent, index, late) }
  } else if (model.faults > 0) {
    yield { name: `${name} is killed`, next: () => ended(spent, index, id) }
  }
}

function nameOf(model: Model, index: Index, id: number): string {
  const hook = actorOf(model, index, id)?.hook
  return hook ? `${NAMES[index]}'s hook ${id} for ${hook.state}` : NAMES[index]
}

function eventActions(model: Model, index: Index): Action[] {
  const { vrrp, kind } = model.nodes[index]
  const name = NAMES[index]
  const actions: Action[] = []
  if (model.events > 0) {
    const left = { ...model, events: model.events - 1 }
    const state = vrrp === 'MASTER' ? 'BACKUP' : 'MASTER'
    actions.push({ name: `VRRP: ${name} is ${state}`, next: () => transition(left, index) })
    // The higher of two masters hears the lower.
    if (index === 0 && model.nodes.every((node) => node.vrrp === 'MASTER') && model.nodes.some(hasHooks)) {
      const input: Input = { kind: 'rx-lower-pri' }
      const proven = () =>
        kind === 'hooks' ? fork(left, index, 'MASTER_RX_LOWER_PRI') : deliver(left, index, 0, input)
      actions.push({ name: `VRRP: ${name} hears a lower master`, next: proven })
    }
  }
  if (model.faults === 0 || kind === 'hooks') return actions
  const spent = { ...model, faults: model.faults - 1 }
  actions.push({ name: `the daemon of ${name} dies and starts again`, next: () => restart(spent, index) })
  return actions
}

function hasHooks({ kind }: Model['nodes'][number]): boolean {
  return kind === 'hooks'
}

function* callActions(model: Model, index: Index): Generator<Action, void> {
  for (const [at, call] of model.nodes[index].calls.entries()) {
    const becomes = (changed: Call | undefined, from = model) => replaceCall(from, index, at, changed)
    if (call.kind === 'write') yield* writeActions(model, index, call, becomes)
    else if (mustWait(model, index, call)) continue
    else if (call.kind === 'read') yield* readActions(model, index, call, becomes)
    else yield* publishActions(model, index, call, becomes)
  }
}

/** A hook asks nothing else before its first write is answered, or is not for a second. */
function mustWait(model: Model, index: Index, { by }: Call): boolean {
  const hook = actorOf(model, index, by)?.hook
  if (!hook || hook.isUnderWay) return false
  return model.nodes[index].calls.some((call) => call.by === by && call.kind === 'write' && !call.held)
}

/** From now on nothing waits. */
function underWay(model: Model, index: Index, id: number): Model {
  const actor = actorOf(model, index, id)
  if (!actor?.hook || actor.hook.isUnderWay) return model
  return withActor(model, index, { ...actor, hook: { ...actor.hook, isUnderWay: true } })
}

type Becomes = (changed: Call | undefined, from?: Model) => Model

function readActions(model: Model, index: Index, call: Extract<Call, { kind: 'read' }>, becomes: Becomes): Action[] {
  const { by, reading } = call
  const name = nameOf(model, index, by)
  if (reading) {
    const seen = () => looked(becomes(undefined), index, by, reading)
    return [{ name: `${name} reads`, next: () => deliver(seen(), index, by, { kind: 'read', reading }) }]
  }
  const serve = {
    name: `EC2 serves a read of ${name}`,
    next: () => becomes({ by, kind: 'read', reading: readingOf(model, index) }, underWay(model, index, by)),
  }
  if (model.faults === 0) return [serve]
  const failed: Input = { kind: 'read', reading: undefined, throttled: true }
  const spent = { ...model, faults: model.faults - 1 }
  return [
    serve,
    {
      name: `a read of ${name} is throttled`,
      next: () => deliver(becomes(undefined, unseen(spent, index, by)), index, by, failed),
    },
  ]
}

function writeActions(model: Model, index: Index, call: Extract<Call, { kind: 'write' }>, becomes: Becomes): Action[] {
  const { by } = call
  const name = nameOf(model, index, by)
  if (!call.done) {
    const arrived = { ...model, target: index }
    const answering: Call | undefined = call.wanted ? { ...call, held: false, done: true } : undefined
    const arrives = { name: `a write of ${name} arrives`, next: () => becomes(answering, arrived) }
    if (call.held || model.faults === 0) return [arrives]
    const spent = { ...model, faults: model.faults - 1 }
    return [arrives, { name: `a write of ${name} is held up`, next: () => becomes({ ...call, held: true }, spent) }]
  }
  const written: Input = { kind: 'written', key: KEY, accepted: true }
  const answered = {
    name: `a write of ${name} is answered`,
    next: () => deliver(becomes(undefined, underWay(model, index, by)), index, by, written),
  }
  if (model.faults === 0) return [answered]
  const spent = { ...model, faults: model.faults - 1 }
  const again: Call = { ...call, done: false }
  return [
    answered,
    { name: `an answer for ${name} is lost: it writes again`, next: () => becomes(again, underWay(spent, index, by)) },
  ]
}

/** Its effect and its answer are one step: whoever reads between them sees what a later read would. */
function publishActions(
  model: Model,
  index: Index,
  { by, claim }: Extract<Call, { kind: 'publish' }>,
  becomes: Becomes,
): Action[] {
  const name = nameOf(model, index, by)
  const publish = (from: Model, isThere: boolean, acknowledged: boolean) => {
    const started = underWay(from, index, by)
    const tagged = isThere ? withNode(started, index, { tag: claim }) : started
    return deliver(becomes(undefined, tagged), index, by, { kind: 'published', beat: claim.beat, acknowledged })
  }
  const answered = { name: `${name} publishes ${claim.state}`, next: () => publish(model, true, true) }
  if (model.faults === 0) return [answered]
  const spent = { ...model, faults: model.faults - 1 }
  return [
    answered,
    { name: `${name} publishes ${claim.state}, and is not told`, next: () => publish(spent, true, false) },
    { name: `${name} cannot publish ${claim.state}`, next: () => publish(spent, false, false) },
  ]
}

/** A hook has seen where the route is. */
function looked(model: Model, index: Index, id: number, { routes }: Reading): Model {
  const actor = actorOf(model, index, id)
  const isInPlace = routes.every(({ standing }) => standing.kind === 'in-place')
  return actor?.hook ? withActor(model, index, { ...actor, hook: { ...actor.hook, isInPlace } }) : model
}

function unseen(model: Model, index: Index, id: number): Model {
  const actor = actorOf(model, index, id)
  return actor?.hook ? withActor(model, index, { ...actor, hook: { ...actor.hook, isInPlace: false } }) : model
}

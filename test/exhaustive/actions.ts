/** Everything that may happen next to two nodes and one route. */
import { wakeAt } from '../../src/core/protocol/protocol.ts'
import type { Input } from '../../src/core/protocol/state.ts'
import {
  type Call,
  deliver,
  type Index,
  isQuiet,
  KEY,
  type Model,
  NAMES,
  NODES,
  nextMoment,
  PRIORITIES,
  readingOf,
  replaceCall,
  restart,
  withNode,
} from './model.ts'

export type Action = { readonly name: string; readonly next: () => Model }

/** All that may happen next. */
export function* actionsOf(model: Model): Generator<Action, void> {
  for (const index of NODES) {
    yield* callActions(model, index)
    const { protocol } = model.nodes[index]
    if (protocol && wakeAt(protocol) <= model.now) {
      yield { name: `${NAMES[index]} wakes`, next: () => deliver(model, index, { kind: 'wake' }) }
    }
  }
  for (const index of NODES) yield* eventActions(model, index)
  if (!isQuiet(model)) return
  const next = nextMoment(model)
  if (next > model.now) yield { name: `${next - model.now} ms pass`, next: () => ({ ...model, now: next }) }
}

function eventActions(model: Model, index: Index): Action[] {
  const { vrrp, protocol } = model.nodes[index]
  const name = NAMES[index]
  const actions: Action[] = []
  if (model.events > 0) {
    const state = vrrp === 'MASTER' ? 'BACKUP' : 'MASTER'
    const changed = withNode({ ...model, events: model.events - 1 }, index, { vrrp: state })
    const input: Input = { kind: 'state', state, priority: PRIORITIES[index], found: false }
    actions.push({ name: `VRRP: ${name} is ${state}`, next: () => deliver(changed, index, input) })
  }
  if (model.faults === 0) return actions
  const spent = { ...model, faults: model.faults - 1 }
  if (protocol) actions.push({ name: `the daemon of ${name} dies and starts again`, next: () => restart(spent, index) })
  return actions
}

function* callActions(model: Model, index: Index): Generator<Action, void> {
  for (const [at, call] of model.nodes[index].calls.entries()) {
    const becomes = (changed: Call | undefined, from = model) => replaceCall(from, index, at, changed)
    if (call.kind === 'read') yield* readActions(model, index, call, becomes)
    else if (call.kind === 'write') yield* writeActions(model, index, call, becomes)
    else yield* publishActions(model, index, call, becomes)
  }
}

type Becomes = (changed: Call | undefined, from?: Model) => Model

function readActions(model: Model, index: Index, call: Extract<Call, { kind: 'read' }>, becomes: Becomes): Action[] {
  const name = NAMES[index]
  const { reading } = call
  if (reading) {
    return [{ name: `${name} reads`, next: () => deliver(becomes(undefined), index, { kind: 'read', reading }) }]
  }
  const serve = {
    name: `EC2 serves a read of ${name}`,
    next: () => becomes({ kind: 'read', reading: readingOf(model, index) }),
  }
  if (model.faults === 0) return [serve]
  const failed: Input = { kind: 'read', reading: undefined, throttled: true }
  const spent = { ...model, faults: model.faults - 1 }
  return [
    serve,
    { name: `a read of ${name} is throttled`, next: () => deliver(becomes(undefined, spent), index, failed) },
  ]
}

function writeActions(model: Model, index: Index, call: Extract<Call, { kind: 'write' }>, becomes: Becomes): Action[] {
  const name = NAMES[index]
  if (!call.done) {
    const arrived = { ...model, target: index }
    const answering: Call | undefined = call.wanted ? { ...call, held: false, done: true } : undefined
    const arrives = { name: `a write of ${name} arrives`, next: () => becomes(answering, arrived) }
    if (call.held || model.faults === 0) return [arrives]
    const spent = { ...model, faults: model.faults - 1 }
    return [arrives, { name: `a write of ${name} is held up`, next: () => becomes({ ...call, held: true }, spent) }]
  }
  const written: Input = { kind: 'written', key: KEY, accepted: true }
  const answered = { name: `a write of ${name} is answered`, next: () => deliver(becomes(undefined), index, written) }
  if (model.faults === 0) return [answered]
  const spent = { ...model, faults: model.faults - 1 }
  const again: Call = { ...call, done: false }
  return [answered, { name: `an answer for ${name} is lost: it writes again`, next: () => becomes(again, spent) }]
}

/** Its effect and its answer are one step: whoever reads between them sees what a later read would. */
function publishActions(
  model: Model,
  index: Index,
  { claim }: Extract<Call, { kind: 'publish' }>,
  becomes: Becomes,
): Action[] {
  const name = NAMES[index]
  const publish = (from: Model, isThere: boolean, acknowledged: boolean) => {
    const tagged = isThere ? withNode(from, index, { tag: claim }) : from
    return deliver(becomes(undefined, tagged), index, { kind: 'published', beat: claim.beat, acknowledged })
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

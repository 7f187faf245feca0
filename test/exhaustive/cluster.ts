/** The two nodes: how they begin, and what VRRP makes of them. */
import type { Input } from '../../src/core/protocol/inputs-and-effects.ts'
import { initialState } from '../../src/core/protocol/state.ts'
import { deliver, fork } from './hooks.ts'
import {
  ADDRESSES,
  ENIS,
  ended,
  type Index,
  KEY,
  type Kind,
  type Model,
  NODES,
  type NodeModel,
  PRIORITIES,
  SETTINGS,
  withNode,
} from './model.ts'

/** Both nodes have just started; a is the master. Nothing may happen besides. */
export function begin(kinds: readonly [Kind, Kind]): Model {
  const nobody = (kind: Kind): NodeModel => ({
    ...{ kind, actors: [], vrrp: 'BACKUP', tag: undefined, calls: [], journal: [], forks: 0 },
    known: { now: Number.NaN, number: 0 },
  })
  const [a, b] = kinds
  const nodes = [{ ...nobody(a), vrrp: 'MASTER' as const }, nobody(b)] as const
  const blank: Model = { now: 0, nodes, target: undefined, events: 0, faults: 0 }
  return NODES.reduce((model, index) => (kinds[index] === 'daemon' ? start(model, index) : fork(model, index)), blank)
}

/** Its daemon starts. */
function start(model: Model, index: Index): Model {
  const options = { eni: ENIS[index], address: ADDRESSES[index], keys: [KEY] }
  const protocol = initialState(SETTINGS, options, { monotonic: model.now, wall: model.now })
  const born = withNode(model, index, { actors: [{ id: 0, protocol, hook: undefined }] })
  const { vrrp } = model.nodes[index]
  return deliver(born, index, 0, { kind: 'state', state: vrrp, priority: PRIORITIES[index], found: true })
}

/** VRRP makes it the other state, and it is told so. */
export function transition(model: Model, index: Index): Model {
  const { vrrp, kind } = model.nodes[index]
  const state = vrrp === 'MASTER' ? 'BACKUP' : 'MASTER'
  const changed = withNode(model, index, { vrrp: state })
  const input: Input = { kind: 'state', state, priority: PRIORITIES[index], found: false }
  return kind === 'hooks' ? fork(changed, index) : deliver(changed, index, 0, input)
}

/** Its daemon dies and starts again. */
export function restart(model: Model, index: Index): Model {
  return start(ended(model, index, 0), index)
}

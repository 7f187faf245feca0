/** The hooks of a node in the model: processes that start in any order, and end as the real ones do. */

import type { EventState } from '../../src/adapters/keepalived/event.ts'
import { inputOf } from '../../src/agent/keepalived-input.ts'
import { isCoalesced, type JournalEntry, newestOf, outdated, supersederOf } from '../../src/agent/node/event-order.ts'
import { earlierEdges, isOver, timeFor } from '../../src/agent/notify/event-life.ts'
import type { Input } from '../../src/core/protocol/inputs-and-effects.ts'
import { initialState } from '../../src/core/protocol/state.ts'
import { checkEnd } from './checks.ts'
import {
  type Actor,
  ADDRESSES,
  ENIS,
  ended,
  type HookModel,
  type Index,
  KEY,
  type Model,
  NAMES,
  PRIORITIES,
  SETTINGS,
  stepped,
  withActor,
  withNode,
} from './model.ts'

const BOOT = 'b0-0'
const MS_PER_TICK = 10

/** keepalived runs a hook: for the state of its node, or for another event. */
export function fork(model: Model, index: Index, state: EventState = model.nodes[index].vrrp): Model {
  const { actors, forks } = model.nodes[index]
  const id = forks + 1
  const moment = { boot: BOOT, ticks: Math.floor(model.now / MS_PER_TICK), pid: id }
  const hook = { state, moment, isLate: false, begunAt: undefined, isUnderWay: false, isInPlace: false }
  return withNode(model, index, { forks: id, actors: [...actors, { id, protocol: undefined, hook }] })
}

/** Its event is put on record, all that this supersedes end, and it acts, unless it has nothing to do. */
export function startHook(model: Model, index: Index, { id, hook }: Actor): Model {
  if (!hook) return model
  const { state, moment } = hook
  const { actors, journal } = model.nodes[index]
  const isAtWork = ({ pid }: JournalEntry) => actors.some((actor) => actor.id === pid)
  if (state === 'MASTER_RX_LOWER_PRI' && isCoalesced(newestOf(journal, BOOT), moment, isAtWork)) {
    return ended(model, index, id)
  }
  const entries = [...journal, { ...moment, state, isDone: false }]
  const forgotten = outdated(entries, BOOT)
  const recorded = withNode(model, index, { journal: entries.filter((entry) => !forgotten.includes(entry)) })
  const superseded = actors.filter((actor) => {
    const hasRecorded = actor.id === id || actor.hook?.begunAt !== undefined
    return actor.hook && hasRecorded && supersederOf(entries, actor.hook.moment)
  })
  const left = superseded.reduce((before, actor) => closed(before, index, actor), recorded)
  return superseded.some((actor) => actor.id === id) ? left : act(left, index, id, hook)
}

function act(model: Model, index: Index, id: number, hook: HookModel): Model {
  const { now } = model
  const { state, moment } = hook
  const memory = {
    ...{ eni: ENIS[index], address: ADDRESSES[index], keys: [KEY] },
    edges: earlierEdges(model.nodes[index].journal, moment, now),
  }
  const protocol = initialState(SETTINGS, memory, { monotonic: now, wall: now })
  const born = withActor(model, index, { id, protocol, hook: { ...hook, begunAt: now } })
  const isProof = state === 'MASTER_RX_LOWER_PRI'
  const event = { type: 'INSTANCE', name: 'VI_1', state, priority: isProof ? undefined : PRIORITIES[index] } as const
  return deliver(born, index, id, inputOf(event, event.priority))
}

/** Without the hooks that have nothing more to do, or no more time. */
export function withoutFinished(model: Model, index: Index): Model {
  return model.nodes[index].actors.reduce((before, actor) => {
    const { protocol, hook } = actor
    if (!protocol || hook?.begunAt === undefined) return before
    if (isOver(protocol, hook.begunAt, model.now, { read: false, publish: false })) {
      checkEnd(NAMES[index], protocol, hook.isInPlace)
      return closed(before, index, actor)
    }
    return model.now >= hook.begunAt + timeFor(hook.state, 0) ? closed(before, index, actor) : before
  }, model)
}

function closed(model: Model, index: Index, { id, hook }: Actor): Model {
  const left = ended(model, index, id)
  if (hook?.state === 'MASTER_RX_LOWER_PRI') return left
  const close = (entry: JournalEntry) => (entry.pid === id ? { ...entry, isDone: true } : entry)
  return withNode(left, index, { journal: left.nodes[index].journal.map(close) })
}

/** A process takes a step; a hook may be over then. */
export function deliver(model: Model, index: Index, id: number, input: Input): Model {
  return withoutFinished(stepped(model, index, id, input), index)
}

/** What keepalived has said so far, kept for agents that start later. Pure, like the protocol. */

import { type FifoEvent, isMaster } from '../../adapters/keepalived/event.ts'
import type { NodeState } from '../../core/claim.ts'
import { LONGEST_EDGE } from '../../core/protocol/edge.ts'
import type { Input } from '../../core/protocol/inputs-and-effects.ts'
import type { KeepalivedInput } from '../keepalived-input.ts'

type StateInput = Extract<Input, { kind: 'state' }>

/** The history of one VRRP instance. */
export type KeepalivedHistory = {
  /** The first state heard. */
  readonly first: StateInput
  readonly last: StateInput
  /** When it entered the last state, in milliseconds on the monotonic clock. */
  readonly since: number
  /** Whether a hook has acted on it, because no agent did. */
  readonly isHooks: boolean
}

/** @param isHooks whether a hook acts on this input */
export function addToHistory(
  heard: KeepalivedHistory | undefined,
  input: KeepalivedInput,
  now: number,
  isHooks: boolean,
): KeepalivedHistory {
  const last = stateOf(input, heard)
  if (heard?.last.state !== last.state) return { first: heard?.first ?? last, last, since: now, isHooks }
  return { ...heard, last, isHooks: heard.isHooks || isHooks }
}

/**
 * Whether a hook's event is news. `outdated`: the FIFO has reported another state since; `known`: the same one.
 * @param ticks when the hook was forked
 * @param toldAt when the FIFO last reported on the instance, in ticks
 * @param state the last state heard
 */
export function judgeHook(
  event: FifoEvent,
  ticks: number,
  toldAt: number | undefined,
  state: NodeState | undefined,
): 'news' | 'known' | 'outdated' {
  if (toldAt === undefined || ticks > toldAt) return 'news'
  return state === (isMaster(event) ? 'MASTER' : event.state) ? 'known' : 'outdated'
}

/** A proof of a lower master says that the node is MASTER. As the first thing heard, it says that the node already was. */
function stateOf(input: KeepalivedInput, heard: KeepalivedHistory | undefined): StateInput {
  if (input.kind === 'state') return input
  const priority = input.priority ?? heard?.last.priority
  return { kind: 'state', state: 'MASTER', priority, found: heard === undefined, cause: input.cause }
}

/**
 * The inputs for an agent that starts now. A state that a hook has acted on is given as found. An edge into MASTER that is
 * long over is no longer an edge, but its transition hooks still have to run.
 */
export function retold({ first, last, since, isHooks }: KeepalivedHistory, now: number): StateInput[] {
  if (isHooks) return [{ ...last, found: true }]
  if (first.state === last.state) return [{ ...last, found: first.found || now - since >= LONGEST_EDGE }]
  return [
    { ...first, found: true },
    { ...last, found: now - since >= LONGEST_EDGE },
  ]
}

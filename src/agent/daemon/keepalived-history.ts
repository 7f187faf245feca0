/** What is remembered of what keepalived has said, for an agent that is to come. Pure, as the protocol is. */

import { type FifoEvent, isMaster } from '../../adapters/keepalived/event.ts'
import type { NodeState } from '../../core/claim.ts'
import { LONGEST_EDGE } from '../../core/protocol/edge.ts'
import type { Input } from '../../core/protocol/state.ts'
import type { KeepalivedInput } from '../keepalived-input.ts'

type StateInput = Extract<Input, { kind: 'state' }>

/** Of one VRRP instance. */
export type KeepalivedHistory = {
  /** What it was when it was heard of first. */
  readonly first: StateInput
  readonly last: StateInput
  /** When it became that, in milliseconds on a clock that never jumps. */
  readonly since: number
  /** Whether a hook of keepalived's has acted on that, since nobody else did. */
  readonly isHooks: boolean
}

/** @param isHooks whether a hook acts on it */
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
 * What a hook's event says that is new. `outdated`: the FIFO has told of another state since; `known`: of this one.
 * @param ticks when the hook was forked
 * @param toldAt when the FIFO told of the instance last, in ticks; undefined: it has not
 * @param state the last that was heard
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

/** A proof of a lower master says that the node is MASTER. Where nothing was heard before, it was so before. */
function stateOf(input: KeepalivedInput, heard: KeepalivedHistory | undefined): StateInput {
  if (input.kind === 'state') return input
  const priority = input.priority ?? heard?.last.priority
  return { kind: 'state', state: 'MASTER', priority, found: heard === undefined }
}

/**
 * What an agent that begins now is told. What a hook has acted on is found as it is. An edge into MASTER that is long over
 * is none any more; its transition hooks are still to be run.
 */
export function retold({ first, last, since, isHooks }: KeepalivedHistory, now: number): StateInput[] {
  if (isHooks) return [{ ...last, found: true }]
  if (first.state === last.state) return [{ ...last, found: first.found || now - since >= LONGEST_EDGE }]
  return [
    { ...first, found: true },
    { ...last, found: now - since >= LONGEST_EDGE },
  ]
}

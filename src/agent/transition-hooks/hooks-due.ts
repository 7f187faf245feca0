/** Which transition hooks are due. Pure, like the protocol. */
import type { TransitionHookEvent } from '../../config/transition-hooks.ts'
import type { NodeState } from '../../core/claim.ts'
import type { Input } from '../../core/protocol/inputs-and-effects.ts'
import type { ProtocolState } from '../../core/protocol/state.ts'

/** What is kept of a VRRP instance from one step to the next. */
export type HookMark = {
  readonly state: NodeState
  /** The state before the last transition, if it was seen. */
  readonly previous: NodeState | undefined
  /** Hooks of the last transition still to be run. */
  readonly awaited: readonly TransitionHookEvent[]
}

/** `isTransition`: hooks of earlier transitions are no longer wanted. */
export type HookStep = {
  readonly mark: HookMark | undefined
  readonly isTransition: boolean
  readonly due: readonly TransitionHookEvent[]
}

/** Each state's hooks, in order. States that share a list count as one: no hook runs between them. */
const STOPPED: readonly TransitionHookEvent[] = ['stop']
export const HOOKS: Readonly<Record<NodeState, readonly TransitionHookEvent[]>> = {
  MASTER: ['master', 'owner'],
  BACKUP: ['backup'],
  FAULT: ['fault'],
  STOP: STOPPED,
  DELETED: STOPPED,
  UNKNOWN: [],
}

/**
 * The hooks made due by a step of the agent. A state found when the daemon starts is not a transition: its hooks have
 * usually run long ago.
 * @param mark from the previous step, possibly of an earlier agent of the instance
 */
export function hooksDue(mark: HookMark | undefined, state: ProtocolState, input: Input): HookStep {
  const next = state.self.state
  if (next === 'UNKNOWN') return { mark, isTransition: false, due: [] }
  if (mark === undefined && input.kind === 'state' && input.found) {
    return { mark: { state: next, previous: undefined, awaited: [] }, isTransition: false, due: [] }
  }
  const isTransition = HOOKS[mark?.state ?? 'UNKNOWN'] !== HOOKS[next]
  const { previous, awaited } = isTransition
    ? { previous: mark?.state, awaited: HOOKS[next] }
    : (mark ?? { previous: undefined, awaited: [] })
  const due = awaited.filter((event) => isDue(event, state))
  return {
    mark: { state: next, previous, awaited: awaited.filter((event) => !due.includes(event)) },
    isTransition,
    due,
  }
}

function isDue(event: TransitionHookEvent, state: ProtocolState): boolean {
  switch (event) {
    case 'master':
      return isAnswered(state)
    case 'owner':
      return isOwner(state)
    case 'backup':
    case 'fault':
    case 'stop':
      return true
  }
}

/** Whether EC2 has answered an edge's first writes, which no hook may delay. The edge ends after 5 s in any case. */
export function isAnswered({ edge, writing }: ProtocolState): boolean {
  if (!edge) return true
  // If no table was known, the edge has to read before it can write.
  const hasBegun = edge.hasLooked || Object.keys(edge.writes).length > 0
  return hasBegun && writing.length === 0
}

/** Whether a read after the edge shows every route at this node, with no contender that would win them. */
function isOwner({ self, decision, keys, foreign }: ProtocolState): boolean {
  if (keys.length === 0 || !decision || decision.intended !== self.eni || decision.action !== 'none') return false
  // SWITCHING means that an edge is in progress, UNKNOWN that nothing could be read.
  const isRead = decision.condition !== 'SWITCHING' && decision.condition !== 'UNKNOWN'
  return isRead && foreign.length === 0
}

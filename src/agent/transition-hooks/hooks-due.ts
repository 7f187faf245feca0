/** Which of a user's hooks are due. Pure, as the protocol is. */
import type { TransitionHookEvent } from '../../config/schema.ts'
import type { NodeState } from '../../core/claim.ts'
import type { Input, ProtocolState } from '../../core/protocol/state.ts'

/** What is remembered of a VRRP instance from one step to the next. */
export type HookMark = {
  readonly state: NodeState
  /** Before the last transition; undefined where it was not seen. */
  readonly previous: NodeState | undefined
  /** Hooks of the last transition that are yet to be run. */
  readonly awaited: readonly TransitionHookEvent[]
}

/** `isTransition`: hooks of earlier transitions are wanted no longer. */
export type HookStep = {
  readonly mark: HookMark | undefined
  readonly isTransition: boolean
  readonly due: readonly TransitionHookEvent[]
}

/** The hooks of each state, in their order. Two states with the same ones are as one: between them nothing is run. */
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
 * What a step of the agent makes due. A state that was found when the daemon started is no transition: what its hooks
 * do was done long ago, as a rule.
 * @param mark what the step before left, also that of an earlier agent of the instance
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

/** Whether EC2 has answered the first writes of an edge: no hook may take time from them. After 5 s the edge is over. */
export function isAnswered({ edge, writing }: ProtocolState): boolean {
  if (!edge) return true
  // Where no table was known, the edge has to read before it can write.
  const hasBegun = edge.hasLooked || Object.keys(edge.writes).length > 0
  return hasBegun && writing.length === 0
}

/** Whether a read after the edge shows every route at this node, and nobody contends for them who would get them. */
function isOwner({ self, decision, keys, foreign }: ProtocolState): boolean {
  if (keys.length === 0 || !decision || decision.intended !== self.eni || decision.action !== 'none') return false
  // SWITCHING is said of an edge, UNKNOWN of what was not read.
  const isRead = decision.condition !== 'SWITCHING' && decision.condition !== 'UNKNOWN'
  return isRead && foreign.length === 0
}

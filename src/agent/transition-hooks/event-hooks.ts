/** The transition hooks of one event, where no daemon runs them: by the process that keepalived has forked for the event. */

import type { VrrpEvent } from '../../adapters/keepalived/event.ts'
import type { NodeState } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import type { RouteOutcome } from '../../core/route.ts'
import { HOOKS } from './hooks-due.ts'
import type { HookContext } from './perform-hook.ts'

/** Milliseconds for which a hook waits for an EC2 that does not answer, as in the daemon: the length of an edge. */
const LONGEST_WAIT = 5000

export type Transition = {
  readonly event: VrrpEvent
  readonly state: NodeState
  /** Undefined where none is recorded. */
  readonly previous: NodeState | undefined
}

/** How the routes of an event came out. */
export type EventResult = {
  readonly outcomes: readonly RouteOutcome[]
  /** Selectors of the config that mean no table, or not one alone. */
  readonly problems: readonly string[]
}

export type EventHookContext = HookContext & {
  readonly configPath: string
  /** Throws once a newer event is recorded. */
  readonly permit: () => void
}

/** Loads what looks after transition hooks: the first write of an edge does not wait for that. */
const loadRunner = () => import('./run-event-hook.ts')

/**
 * Does the work of an event, and runs the hooks of its state: at once, or of MASTER as soon as the routes are that far.
 * Returns, or throws, what the work does, when the hooks have ended.
 * @param work calls back when EC2 has answered the first writes
 */
export async function withTransitionHooks(
  transition: Transition,
  context: EventHookContext,
  work: (onAnswer: (eni: EniId) => void) => Promise<EventResult>,
): Promise<EventResult> {
  const { event, state } = transition
  const { stateDirectory, clock, signal } = context
  const [first, ...later] = HOOKS[state]
  let own: EniId | undefined
  let onAnswer = () => {}
  const answered = new Promise<void>((resolve) => {
    onAnswer = resolve
  })

  async function begin(): Promise<void> {
    if (state === 'MASTER') await Promise.race([answered, clock.sleep(LONGEST_WAIT, signal).catch(() => {})])
    const { endRecordedHook, runEventHook } = await loadRunner()
    await endRecordedHook(stateDirectory, event.name, clock)
    if (first) await runEventHook(first, own, transition, context)
  }

  const begun = begin()
  try {
    const result = await work((eni) => {
      own = eni
      onAnswer()
    })
    await begun
    const { runEventHook } = await loadRunner()
    if (isOwner(result)) for (const hook of later) await runEventHook(hook, own, transition, context)
    return result
  } finally {
    onAnswer()
    await begun
  }
}

/** Whether every route was read back as this node's. */
function isOwner({ outcomes, problems }: EventResult): boolean {
  return outcomes.length > 0 && problems.length === 0 && outcomes.every(({ verdict }) => verdict === 'done')
}

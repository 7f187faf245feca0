/** The transition hooks of a single event when no daemon runs them: the process that keepalived forked for it does. */

import type { VrrpEvent } from '../../adapters/keepalived/event.ts'
import type { NodeState } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import type { RouteOutcome } from '../../core/route.ts'
import { HOOKS } from './hooks-due.ts'
import type { HookContext } from './perform-hook.ts'

/** Milliseconds to wait for EC2's answer before running hooks; as in the daemon, the length of an edge. */
const LONGEST_WAIT = 5000

export type Transition = {
  readonly event: VrrpEvent
  readonly state: NodeState
  /** The previous state, if recorded. */
  readonly previous: NodeState | undefined
}

/** The outcome of an event's routes. */
export type EventResult = {
  readonly outcomes: readonly RouteOutcome[]
  /** Problems with selectors of the config that match no table or are ambiguous. */
  readonly problems: readonly string[]
}

export type EventHookContext = HookContext & {
  readonly configPath: string
  /** Throws once a newer event is recorded. */
  readonly permit: () => void
}

/** Loaded lazily, so that an edge's first write does not wait for it. */
const loadRunner = () => import('./run-event-hook.ts')

/**
 * Does an event's work and runs the hooks of its state: at once, or for MASTER as soon as the routes allow. Settles like
 * `work`, once the hooks have ended.
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

/** Whether every route was confirmed to be at this node. */
function isOwner({ outcomes, problems }: EventResult): boolean {
  return outcomes.length > 0 && problems.length === 0 && outcomes.every(({ verdict }) => verdict === 'done')
}

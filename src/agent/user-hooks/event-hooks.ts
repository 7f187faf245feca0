/** The user hooks of one event, where no daemon runs them: by the process that keepalived has forked for the event. */
import { loadConfig } from '../../config/load.ts'
import type { UserHookEvent } from '../../config/schema.ts'
import type { NodeState } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import { messageOf } from '../../errors.ts'
import type { VrrpEvent } from '../../keepalived/event.ts'
import type { EdgeResult } from '../hook/edge.ts'
import { loadView } from '../view.ts'
import { factsFor } from './hook-facts.ts'
import { HOOKS } from './hooks-due.ts'
import { type HookContext, performHook } from './perform-hook.ts'
import { endRecordedHook } from './running-hook.ts'

/** Milliseconds for which a hook waits for an EC2 that does not answer, as in the daemon: the length of an edge. */
const LONGEST_WAIT = 5000

export type Transition = {
  readonly event: VrrpEvent
  readonly state: NodeState
  /** Undefined where none is recorded. */
  readonly previous: NodeState | undefined
}

export type EventHookContext = HookContext & {
  readonly configPath: string
  /** Throws once a newer event is recorded. */
  readonly permit: () => void
}

/**
 * Does the work of an event, and runs the hooks of its state: at once, or of MASTER as soon as the routes are that far.
 * Returns, or throws, what the work does, when the hooks have ended.
 * @param work calls back when EC2 has answered the first writes
 */
export async function withUserHooks(
  transition: Transition,
  context: EventHookContext,
  work: (onAnswer: (eni: EniId) => void) => Promise<EdgeResult>,
): Promise<EdgeResult> {
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
    await endRecordedHook(stateDirectory, event.name, clock)
    if (first) await runHook(first, own, transition, context)
  }

  const begun = begin()
  try {
    const result = await work((eni) => {
      own = eni
      onAnswer()
    })
    await begun
    if (isOwner(result)) for (const hook of later) await runHook(hook, own, transition, context)
    return result
  } finally {
    onAnswer()
    await begun
  }
}

/** Whether every route was read back as this node's. */
function isOwner({ outcomes, problems }: EdgeResult): boolean {
  return outcomes.length > 0 && problems.length === 0 && outcomes.every(({ verdict }) => verdict === 'done')
}

async function runHook(
  hookEvent: UserHookEvent,
  own: EniId | undefined,
  { event, state, previous }: Transition,
  context: EventHookContext,
): Promise<void> {
  const { configPath, stateDirectory, permit, log } = context
  const instance = event.name
  try {
    const config = loadConfig(configPath)
    const { cluster, instances } = config
    const { vips, hooks, priority } = instances[instance] ?? {}
    const hook = hooks?.[hookEvent]
    if (!vips || !hook) return
    const facts = factsFor({
      event: hookEvent,
      cluster,
      instance,
      vips,
      self: { state, priority: event.priority ?? priority, eni: own ?? config.eni, address: undefined },
      previous,
      tables: loadView(stateDirectory, instance, config)?.tables ?? [],
      decision: hookEvent === 'owner' ? { intended: own } : undefined,
    })
    permit()
    await performHook({ instance, event: hookEvent, hook, facts }, context)
  } catch (error) {
    log.warn({ instance, hook: hookEvent }, `${instance}, hook ${hookEvent}: not run, ${messageOf(error)}`)
  }
}

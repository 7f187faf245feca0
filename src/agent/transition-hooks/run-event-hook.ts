/** Runs one transition hook for a single event, when no daemon does. */
import { loadKeptConfig } from '../../config/kept-config.ts'
import type { TransitionHookEvent } from '../../config/transition-hooks.ts'
import type { EniId } from '../../core/ids.ts'
import { messageOf } from '../../platform/errors.ts'
import { loadKnownRoutes } from '../node/known-routes.ts'
import type { EventHookContext, Transition } from './event-hooks.ts'
import { factsFor } from './hook-facts.ts'
import { performHook } from './perform-hook.ts'

export { endRecordedHook } from './running-hook.ts'

/** Runs the hook if the config has it. Never rejects. */
export async function runEventHook(
  hookEvent: TransitionHookEvent,
  own: EniId | undefined,
  { event, state, previous }: Transition,
  context: EventHookContext,
): Promise<void> {
  const { configPath, stateDirectory, permit, log } = context
  const instance = event.name
  try {
    const config = await loadKeptConfig(configPath, stateDirectory)
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
      tables: loadKnownRoutes(stateDirectory, instance, config)?.tables ?? [],
      decision: hookEvent === 'owner' ? { intended: own } : undefined,
    })
    permit()
    await performHook({ instance, event: hookEvent, hook, facts }, context)
  } catch (error) {
    log.warn({ instance, hook: hookEvent }, `${instance}, hook ${hookEvent}: not run, ${messageOf(error)}`)
  }
}

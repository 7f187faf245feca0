/** Runs one transition hook, if it is still wanted, and logs its result. */

import type { TransitionHook, TransitionHookEvent } from '../../config/transition-hooks.ts'
import type { Clock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import type { TransitionHookResult } from './run-command.ts'
import { recordHook } from './running-hook.ts'

/** How long the hook is wanted, and where to record that it runs. */
export type HookContext = {
  /** Aborted once the hook is no longer wanted. */
  readonly signal: AbortSignal
  readonly stateDirectory: string
  readonly clock: Clock
  readonly log: Log
}

export type HookTask = {
  readonly instance: string
  readonly event: TransitionHookEvent
  readonly hook: TransitionHook
  /** Environment variables added to ours. */
  readonly facts: Readonly<Record<string, string>>
}

/** Loaded lazily, so that a failover does not wait for it. */
export const loadRunner = () => import('./run-command.ts')

/** Never rejects. Resolves to the result, if the hook was run. */
export async function performHook(
  { instance, event, hook, facts }: HookTask,
  { signal, stateDirectory, clock, log }: HookContext,
): Promise<TransitionHookResult | undefined> {
  const name = `${instance}, hook ${event}`
  const about = { instance, hook: event, run: hook.run }
  try {
    const { runTransitionHook } = await loadRunner()
    if (signal.aborted) {
      log.info(about, `${name}: not run, ${messageOf(signal.reason)}`)
      return undefined
    }
    log.info(about, `${name}: starts`)
    const onStart = (pid: number) => recordHook(stateDirectory, instance, pid, log)
    const result = await runTransitionHook(hook, facts, { signal, clock, onStart })
    const { outcome, detail, exitCode, ms, output } = result
    const found = { ...about, outcome, exitCode, ms, output }
    if (outcome === 'done') log.info(found, `${name}: done`)
    else if (outcome === 'ended') log.warn(found, `${name}: ended, ${messageOf(signal.reason)}`)
    else log.error(found, `${name}: ${detail}`)
    return result
  } catch (error) {
    log.error(about, `${name}: ${messageOf(error)}`)
    return undefined
  }
}

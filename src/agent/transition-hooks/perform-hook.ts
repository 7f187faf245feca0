/** One transition hook: run where it is still wanted, and its result logged. */

import type { TransitionHook, TransitionHookEvent } from '../../config/schema.ts'
import type { Clock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import type { TransitionHookResult } from './run-command.ts'
import { recordHook } from './running-hook.ts'

/** For how long, and where it is put down that it runs. */
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
  /** Its environment, besides ours. */
  readonly facts: Readonly<Record<string, string>>
}

/** Loads what runs hooks, and nothing else needs. A failover should not have to wait for that. */
export const loadRunner = () => import('./run-command.ts')

/** Never rejects. Returns undefined for a hook that was not run, since it is no longer wanted. */
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

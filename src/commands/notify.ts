/** `vip-switch notify`: what keepalived calls. */
import { join } from 'node:path'
import { handleEvent } from '../agent/hook.ts'
import { systemClock } from '../clock.ts'
import { configPath } from '../config/load.ts'
import { stateDirectory } from '../config/state-directory.ts'
import { Failure, messageOf } from '../errors.ts'
import { parseEventArguments } from '../keepalived/event.ts'
import { EXIT, type ExitCode, exitCodeOfError, exitCodeOfRoutes, MEANINGS } from '../output/exit.ts'
import { openHookLog } from '../output/log.ts'

export type NotifyOptions = { config?: string; stateDir?: string; deadline: number }

/** Everything is said in the log: keepalived reads neither stdout nor the exit code, and gives its scripts /dev/null. */
export async function notify(values: readonly string[], options: NotifyOptions): Promise<ExitCode> {
  const state = stateDirectory(options.stateDir)
  const log = await openHookLog(join(state, 'notify.log'))
  try {
    const { outcomes, problems } = await handleEvent(parseEventArguments(values), {
      configPath: configPath(options.config),
      stateDirectory: state,
      deadlineMs: options.deadline,
      clock: systemClock,
      log,
    })
    const verdicts = [...outcomes.map(({ verdict }) => verdict), ...problems.map(() => 'failed' as const)]
    const exitCode = exitCodeOfRoutes(verdicts)
    if (verdicts.length > 0) log[exitCode === EXIT.done ? 'info' : 'error']({ exitCode }, MEANINGS[exitCode])
    return exitCode
  } catch (error) {
    const exitCode = exitCodeOfError(error)
    if (exitCode === EXIT.superseded) log.info({ exitCode }, messageOf(error))
    else log.error({ exitCode, hint: error instanceof Failure ? error.hint : undefined }, messageOf(error))
    return exitCode
  }
}

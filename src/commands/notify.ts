/** `vip-switch notify`: what keepalived calls. */
import { join } from 'node:path'
import { handleEvent } from '../agent/hook.ts'
import { systemClock } from '../clock.ts'
import { configPath } from '../config/load.ts'
import { stateDirectory } from '../config/state-directory.ts'
import { Failure, messageOf } from '../errors.ts'
import { parseEventArguments } from '../keepalived/event.ts'
import { type ExitCode, exitCodeOfError, exitCodeOfRoutes } from '../output/exit.ts'
import { openLog } from '../output/log.ts'

export type NotifyOptions = { config?: string; stateDir?: string; deadline: number }

/** Everything is said in the log: keepalived reads neither stdout nor the exit code, and gives its scripts /dev/null. */
export async function notify(values: readonly string[], options: NotifyOptions): Promise<ExitCode> {
  const event = parseEventArguments(values)
  const state = stateDirectory(options.stateDir)
  const log = await openLog(join(state, 'notify.log'))
  try {
    const outcomes = await handleEvent(event, {
      configPath: configPath(options.config),
      stateDirectory: state,
      deadlineMs: options.deadline,
      clock: systemClock,
      log,
    })
    const exitCode = exitCodeOfRoutes(outcomes.map((outcome) => outcome.verdict))
    if (outcomes.length > 0) log.info({ exitCode }, 'done')
    return exitCode
  } catch (error) {
    const exitCode = exitCodeOfError(error)
    if (error instanceof Failure && error.kind === 'superseded') log.info({ exitCode }, error.message)
    else log.error({ exitCode, hint: error instanceof Failure ? error.hint : undefined }, messageOf(error))
    return exitCode
  }
}

/** `vip-switch notify`: what keepalived calls. */
import { join } from 'node:path'
import { handOver } from '../agent/hook/hand-over.ts'
import { configPath, stateDirectory } from '../config/paths.ts'
import { hintOf, messageOf } from '../errors.ts'
import { parseEventArguments } from '../keepalived/event.ts'
import { EXIT, type ExitCode, exitCodeOfError, exitCodeOfRoutes, MEANINGS } from '../output/exit.ts'

export type NotifyOptions = { config?: string; stateDir?: string; deadline?: number }

/**
 * Everything is said in the log: keepalived reads neither stdout nor the exit code, and gives its scripts /dev/null. The
 * log and all else that acting takes is loaded when no daemon takes the event.
 */
export async function notify(values: readonly string[], options: NotifyOptions): Promise<ExitCode> {
  const places = { configPath: configPath(options.config), stateDirectory: stateDirectory(options.stateDir) }
  const openLog = async () => {
    const { openHookLog } = await import('../output/log.ts')
    return openHookLog(join(places.stateDirectory, 'notify.log'))
  }
  try {
    const event = parseEventArguments(values)
    const handed = await handOver(event, places)
    if (handed.kind !== 'ours') return EXIT.done
    const [{ handleEvent }, { systemClock }, log] = await Promise.all([
      import('../agent/hook/hook.ts'),
      import('../clock.ts'),
      openLog(),
    ])
    const acting = { ...places, deadlineMs: options.deadline, clock: systemClock, log }
    const { outcomes, problems } = await handleEvent(event, handed, acting)
    const verdicts = [...outcomes.map(({ verdict }) => verdict), ...problems.map(() => 'failed' as const)]
    const exitCode = exitCodeOfRoutes(verdicts)
    if (verdicts.length > 0) log[exitCode === EXIT.done ? 'info' : 'error']({ exitCode }, MEANINGS[exitCode])
    return exitCode
  } catch (error) {
    const log = await openLog()
    const exitCode = exitCodeOfError(error)
    if (exitCode === EXIT.superseded) log.info({ exitCode }, messageOf(error))
    else log.error({ exitCode, hint: hintOf(error) }, messageOf(error))
    return exitCode
  }
}

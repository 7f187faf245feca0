/** `vip-switch notify`: called by keepalived. */
import { isMaster } from '../../adapters/keepalived/event.ts'
import { type HandOver, handOver, tellRemarks } from '../../agent/notify/hand-over.ts'
import { configPath, historyDirectory, stateDirectory } from '../../config/paths.ts'
import { Failure, hintOf, messageOf } from '../../platform/errors.ts'
import { EXIT, type ExitCode, exitCodeOfError, exitCodeOfRoutes, MEANINGS } from '../../terminal/exit-code.ts'
import { deferLog } from './deferred-log.ts'

export type NotifyOptions = { config?: string; region?: string; stateDir?: string; deadline?: number }

/**
 * Reports everything in the log: keepalived ignores stdout and the exit code, and gives its scripts /dev/null. The code
 * to act on an event is only loaded if no daemon takes it.
 * @param offered the result, if the event was already offered to the daemon
 */
export async function notify(values: readonly string[], options: NotifyOptions, offered?: HandOver): Promise<ExitCode> {
  const places = { configPath: configPath(options.config), stateDirectory: stateDirectory(options.stateDir) }
  const log = deferLog(async (now) => {
    const { openHookLog } = await import('../../terminal/log.ts')
    return openHookLog(places.stateDirectory, now)
  })
  try {
    const handed = offered ?? (await handOver(values, { ...places, controlPath: await socketOf(places.configPath) }))
    if (handed.kind === 'failed') throw new Failure(handed.failure.kind, handed.failure.message, handed.failure)
    if (handed.kind === 'taken') tellRemarks(handed.remarks, log)
    if (handed.kind !== 'ours') return EXIT.done
    const [{ handleEvent }, { systemClock }] = await Promise.all([
      import('../../agent/notify/handle-event.ts'),
      import('../../platform/clock.ts'),
    ])
    const acting = {
      ...places,
      historyDirectory: historyDirectory(options.stateDir),
      region: options.region,
      deadlineMs: options.deadline,
      clock: systemClock,
      log,
      onUnderWay: log.start,
    }
    const { outcomes, problems } = await handleEvent(handed, acting)
    const verdicts = [...outcomes.map(({ verdict }) => verdict), ...problems.map(() => 'failed' as const)]
    const exitCode = handed.isRecorded || isMaster(handed.event) ? exitCodeOfRoutes(verdicts) : EXIT.failed
    if (verdicts.length > 0) log[exitCode === EXIT.done ? 'info' : 'error']({ exitCode }, MEANINGS[exitCode])
    return exitCode
  } catch (error) {
    const exitCode = exitCodeOfError(error)
    if (exitCode === EXIT.superseded) log.info({ exitCode }, messageOf(error))
    else log.error({ exitCode, hint: hintOf(error) }, messageOf(error))
    return exitCode
  } finally {
    await log.written()
  }
}

async function socketOf(configPath: string): Promise<string> {
  const { controlPath } = await import('../../config/load.ts')
  return controlPath(configPath)
}

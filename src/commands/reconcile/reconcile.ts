/** `vip-switch reconcile`: the daemon. */
import { once } from 'node:events'
import { Daemon } from '../../agent/daemon/daemon.ts'
import { callContextFor } from '../../agent/node/route-port.ts'
import { loadConfig } from '../../config/load.ts'
import { configPath, historyDirectory, stateDirectory } from '../../config/paths.ts'
import { systemClock } from '../../platform/clock.ts'
import { Failure } from '../../platform/errors.ts'
import { countRepeats } from '../../platform/repeats.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { type LogFormat, openDaemonLog, openLog } from '../../terminal/log.ts'
import { print } from '../../terminal/print.ts'
import { decideOnce } from './once.ts'
import { decisionsJson, decisionsText } from './output.ts'

export type ReconcileOptions = {
  once?: true
  json?: true
  stateDir?: string
  config?: string
  region?: string
  logFormat?: LogFormat
}

const ONCE_DEADLINE_MS = 10_000

/** @throws Failure */
export async function reconcile(options: ReconcileOptions): Promise<ExitCode> {
  const path = configPath(options.config)
  if (options.once) {
    const log = openLog(options.logFormat)
    const config = loadConfig(path, options.region)
    const decided = await decideOnce(config, callContextFor(ONCE_DEADLINE_MS, log))
    print(options.json ? decisionsJson(decided, config.cluster) : decisionsText(decided))
    return EXIT.done
  }
  if (options.json) throw new Failure('usage', '--json requires --once; the daemon reports in its log')

  const log = await openDaemonLog(options.logFormat)
  const counting = countRepeats(log, systemClock)
  const daemon = new Daemon({
    configPath: path,
    region: options.region,
    stateDirectory: stateDirectory(options.stateDir),
    historyDirectory: historyDirectory(options.stateDir),
    clock: systemClock,
    log: counting,
  })
  const signalled = (['SIGTERM', 'SIGINT'] as const).map((signal) => once(process, signal).then(() => signal))
  const stopped = Promise.race(signalled)
  const failed = new Promise<never>((_, reject) => {
    process.on('SIGHUP', () => void daemon.reload().catch(reject))
  })
  const started = daemon.start()
  const signal = await Promise.race([started.then(() => stopped), stopped, failed])
  await daemon.stop()
  counting.flush()
  log.info(`stopped by ${signal}`)
  return EXIT.done
}

/** `vip-switch metrics`: metrics for dashboards and alerts. */

import { callContextFor } from '../../agent/node/route-port.ts'
import { controlPath, loadConfig } from '../../config/load.ts'
import { configPath } from '../../config/paths.ts'
import type { Config } from '../../config/schema.ts'
import { createObserver } from '../../overview/overview.ts'
import { overviewOfDaemon } from '../../overview/overview-of-daemon.ts'
import { systemClock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { openLog } from '../../terminal/log.ts'
import { print } from '../../terminal/print.ts'
import { mackerelMeta, mackerelText } from './mackerel.ts'
import { measuresOf } from './measures.ts'
import { prometheusText } from './prometheus.ts'

export type MetricsOptions = { format: 'prometheus' | 'mackerel'; config?: string; region?: string }

const DEADLINE_MS = 5000

/** Fails only on invalid arguments, since a collector discards all metrics if the command fails. */
export async function metrics({ format, config: option, region }: MetricsOptions): Promise<ExitCode> {
  if (format === 'mackerel' && process.env.MACKEREL_AGENT_PLUGIN_META === '1') {
    print(mackerelMeta())
    return EXIT.done
  }
  const path = configPath(option)
  const config = readConfig(path, region)
  const isWrong = 'message' in config
  const overview = isWrong
    ? await overviewOfDaemon(controlPath(path), config, systemClock.wall())
    : await createObserver(config, Object.keys(config.instances), systemClock, DEADLINE_MS).look(
        callContextFor(DEADLINE_MS, openLog('text', 'silent')),
      )
  const measures = measuresOf(overview, isWrong)
  print(format === 'mackerel' ? mackerelText(measures, systemClock.wall()) : prometheusText(measures, overview.cluster))
  return EXIT.done
}

function readConfig(path: string, region: string | undefined): Config | { message: string; hint: undefined } {
  try {
    return loadConfig(path, region)
  } catch (error) {
    return { message: messageOf(error), hint: undefined }
  }
}

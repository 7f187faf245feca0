/** `vip-switch unpin`: lets the routes follow VRRP again. */

import { callContextFor, openFor } from '../../agent/node/route-port.ts'
import { factsOfTargets } from '../../agent/node/targets.ts'
import { instanceOf } from '../../config/instances.ts'
import { loadConfig } from '../../config/load.ts'
import { configPath, historyDirectory } from '../../config/paths.ts'
import { labelOf, namesIn } from '../../core/names.ts'
import type { Target } from '../../core/route-target.ts'
import { keepByHand } from '../../history/by-hand.ts'
import { systemClock } from '../../platform/clock.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { type LogFormat, openLog } from '../../terminal/log.ts'
import { aLine, asJson, print } from '../../terminal/print.ts'
import { unpinRoutes } from '../switch/pinning.ts'

export type UnpinOptions = { json?: true; config?: string; region?: string; logFormat?: LogFormat }

const DEADLINE_MS = 10_000

/** @throws Failure */
export async function unpin(name: string, { json, config: path, region, logFormat }: UnpinOptions): Promise<ExitCode> {
  const config = loadConfig(configPath(path), region)
  instanceOf(config, name)
  const log = openLog(logFormat)
  const wanted = callContextFor(DEADLINE_MS, log)
  const begun = systemClock.wall()
  const ec2 = await openFor(config, wanted)
  const enis = await unpinRoutes(ec2, config, name, wanted)
  if (enis[0]) {
    const deed = { command: 'unpin', to: enis[0], until: null, outcomes: {} } as const
    await keepByHand(name, deed, begun, { directory: historyDirectory(undefined), clock: systemClock, log })
  }
  const nodes = enis.map((eni): Target => ({ kind: 'eni', eni, instance: undefined }))
  const nameOf = namesIn({ facts: json ? new Map() : await factsOfTargets(ec2, nodes, wanted) })
  const labels = enis.map((eni) => labelOf(eni, nameOf)).join(', ')
  const text = enis.length > 0 ? `${name} is no longer pinned to ${labels}` : `${name} was not pinned`
  print(json ? asJson({ version: 1, instance: name, unpinned: enis }) : aLine(text))
  return EXIT.done
}

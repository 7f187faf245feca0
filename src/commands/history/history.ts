/** `vip-switch history`: tells what happened on this node. */
import { askStatus } from '../../agent/control/status.ts'
import { callContextFor, openFor } from '../../agent/node/route-port.ts'
import { lookUpTargets } from '../../agent/node/targets.ts'
import { loadConfigIfThere } from '../../config/load.ts'
import { DEFAULT_CONTROL_PATH, historyDirectory, stateDirectory } from '../../config/paths.ts'
import type { Config } from '../../config/schema.ts'
import type { EniId } from '../../core/ids.ts'
import type { TargetFacts } from '../../core/route.ts'
import { eniIdsIn } from '../../history/enis.ts'
import { readHistory } from '../../history/read.ts'
import { isAbout, type TimelineRow, timelineOf } from '../../history/timeline.ts'
import { systemClock } from '../../platform/clock.ts'
import { Failure } from '../../platform/errors.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { hintText } from '../../terminal/hint.ts'
import { openLog } from '../../terminal/log.ts'
import { print } from '../../terminal/print.ts'
import { historyJson } from './json.ts'
import { historyText } from './output.ts'

/** `since` in milliseconds. */
export type HistoryOptions = { since?: number; json?: true; config?: string; region?: string; stateDir?: string }

/** Names are nice to have: whoever reads this at night does not wait long for them. */
const NAMES_DEADLINE_MS = 2000
/** What a screen or two hold. */
const SHOWN_ENTRIES = 50

/** @throws Failure if there is no entry of the instance */
export async function history(name: string | undefined, options: HistoryOptions): Promise<ExitCode> {
  const { stateDir, json } = options
  const directory = historyDirectory(stateDir)
  // Hooks of a user who may not write there keep theirs with their other state.
  const { entries, unread } = readHistory([directory, stateDirectory(stateDir)])
  const known = [...new Set(entries.flatMap(({ instance }) => instance ?? []))]
  if (name !== undefined && !known.includes(name)) throw nothingOf(name, known, directory)
  const now = systemClock.wall()
  const found = configOf(options.config, options.region)
  const answer = await askStatus(found?.control ?? DEFAULT_CONTROL_PATH)
  const all = timelineOf(entries, answer.kind === 'up' ? now : undefined).filter(({ entry }) => isAbout(entry, name))
  const shown = chosen(all, now, options)
  for (const problem of unread) print(hintText(`cannot be read: ${problem}`), process.stderr)
  const facts = await factsOf(
    eniIdsIn(shown.map(({ entry }) => entry)),
    found ?? { region: options.region, assumeRole: undefined },
  )
  const left = all.length - shown.length
  print(json ? historyJson(shown, facts) : historyText({ rows: shown, left, now, facts, directory }))
  return EXIT.done
}

function chosen(rows: readonly TimelineRow[], now: number, { since, json }: HistoryOptions): readonly TimelineRow[] {
  if (since !== undefined) return rows.filter(({ entry }) => entry.at >= now - since)
  return json ? rows : rows.slice(-SHOWN_ENTRIES)
}

function nothingOf(name: string, known: readonly string[], directory: string): Failure {
  const hint =
    known.length > 0
      ? `it has entries of ${known.join(', ')}`
      : 'it is kept on the nodes, by the daemon and by hooks: is this a node, and has anything happened yet?'
  return new Failure('failed', `the history in ${directory} has no entry of ${name}`, { hint })
}

/** By ENI; none if EC2 does not tell them soon. */
async function factsOf(
  enis: readonly EniId[],
  config: Pick<Config, 'region' | 'assumeRole'>,
): Promise<ReadonlyMap<string, TargetFacts>> {
  if (enis.length === 0) return new Map()
  const context = callContextFor(NAMES_DEADLINE_MS, openLog('text', 'silent'))
  try {
    const ec2 = await openFor(config, context)
    const targets = enis.map((eni) => ({ kind: 'eni', eni, instance: undefined }) as const)
    return await lookUpTargets(ec2, targets, context)
  } catch {
    return new Map() // Ids are shown instead.
  }
}

/** Names the region and the daemon’s socket: what happened can be told with a broken config, too. */
function configOf(path: string | undefined, region: string | undefined): Config | undefined {
  try {
    return loadConfigIfThere(path, region)
  } catch {
    return undefined
  }
}

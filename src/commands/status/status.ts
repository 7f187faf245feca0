/** `vip-switch status`: shows the current state. */

import { callContextFor } from '../../agent/node/route-port.ts'
import { namesOf } from '../../config/instances.ts'
import { loadConfig } from '../../config/load.ts'
import { configPath, historyDirectory, stateDirectory } from '../../config/paths.ts'
import type { Overview } from '../../core/overview.ts'
import { readLastTransitions } from '../../history/read.ts'
import { createObserver } from '../../overview/overview.ts'
import { systemClock } from '../../platform/clock.ts'
import { Failure } from '../../platform/errors.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { interruption } from '../../terminal/interruption.ts'
import { openLog } from '../../terminal/log.ts'
import { print } from '../../terminal/print.ts'
import { canRedraw, openScreen } from '../../terminal/screen.ts'
import { statusJson } from './json.ts'
import { statusText } from './output.ts'

export type StatusOptions = { watch?: true; json?: true; config?: string; region?: string }

/** An operator on call cannot wait long: without an answer from EC2 by then, the condition is UNKNOWN. */
const DEADLINE_MS = 5000
const REDRAW_MS = 2000

/** @throws Failure */
export async function status(name: string | undefined, options: StatusOptions): Promise<ExitCode> {
  if (options.watch) assertRedrawable(options)
  const config = loadConfig(configPath(options.config), options.region)
  const kept = [historyDirectory(undefined), stateDirectory(undefined)]
  const onlooker = createObserver(config, namesOf(config, name), systemClock, REDRAW_MS, (names) =>
    readLastTransitions(kept, names),
  )
  const look = () => onlooker.look(callContextFor(DEADLINE_MS, openLog('text', 'silent')))
  if (options.watch) {
    await watch(look)
    return EXIT.done
  }
  const overview = await look()
  print(options.json ? statusJson(overview) : statusText(overview))
  if (overview.troubles.length > 0) return EXIT.failed
  return overview.instances.some(({ problems }) => problems.length > 0) ? EXIT.usage : EXIT.done
}

function assertRedrawable({ json }: StatusOptions): void {
  if (json) throw new Failure('usage', '--watch and --json cannot be combined')
  if (canRedraw(process.stdout)) return
  throw new Failure('usage', '--watch requires a terminal', {
    hint: 'omit it, and run status repeatedly; programs can use --json',
  })
}

/** Redraws until Ctrl-C; the last screen stays. */
async function watch(look: () => Promise<Overview>): Promise<void> {
  const stopped = interruption()
  const ended = new Promise<void>((resolve) => stopped.addEventListener('abort', () => resolve()))
  const screen = openScreen(process.stdout)
  try {
    while (!stopped.aborted) {
      const overview = await Promise.race([look(), ended])
      if (overview) screen.draw(() => statusText(overview))
      await systemClock.sleep(REDRAW_MS, stopped).catch(() => {})
    }
  } finally {
    screen.end()
  }
}

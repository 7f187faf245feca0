/** What is told of a switch while it goes on. */

import { type RouteKey, routeKeyText } from '../../core/route.ts'
import { destinationText } from '../../core/vip.ts'
import type { Clock } from '../../platform/clock.ts'
import { hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import type { SwitchStep } from './switchover.ts'

/** A switch that is over by then is told by its table alone. Milliseconds. */
const QUIET_MS = 2000
const EVERY_MS = 1000
const NAMED_ROUTES = 3

export type Progress = {
  readonly note: (step: SwitchStep) => void
  /** Nothing more is told: what has become of each route is known. */
  readonly end: () => void
}

/** Tells once a second what has changed, and what is waited for. @param due the routes that are written */
export function tellProgress(due: readonly RouteKey[], clock: Clock, log: Log): Progress {
  const over = new AbortController()
  const steps = new Map<string, SwitchStep>()
  let failures: Extract<SwitchStep, { kind: 'failed' }>[] = []
  let told: string | undefined

  function tell(): void {
    for (const { key, error } of failures) log.error({ hint: hintOf(error) }, `${keyText(key)}: ${messageOf(error)}`)
    failures = []
    const text = progressText(due, steps)
    if (text !== told && steps.size > 0) log.info(text)
    told = text
  }

  async function tellOn(): Promise<void> {
    for (let wait = QUIET_MS; ; wait = EVERY_MS) {
      await clock.sleep(wait, over.signal)
      tell()
    }
  }
  tellOn().catch(() => {}) // It is over.

  return {
    note(step) {
      steps.set(routeKeyText(step.key), step)
      if (step.kind === 'failed') failures.push(step)
    },
    end: () => over.abort(),
  }
}

function progressText(due: readonly RouteKey[], steps: ReadonlyMap<string, SwitchStep>): string {
  const all = [...steps.values()]
  const confirmed = all.filter(({ kind }) => kind === 'confirmed').length
  const accepted = all.filter(({ kind }) => kind === 'accepted').length + confirmed
  const failed = all.length - accepted
  const waiting = due.filter((key) => !steps.has(routeKeyText(key)))
  const counts = [
    `${accepted} of ${due.length} accepted`,
    `${confirmed} confirmed`,
    ...(failed ? [`${failed} failed`] : []),
  ]
  if (waiting.length === 0) return counts.join(', ')
  const rest = waiting.length > NAMED_ROUTES ? ` and ${waiting.length - NAMED_ROUTES} more` : ''
  return `${counts.join(', ')}; not answered: ${waiting.slice(0, NAMED_ROUTES).map(keyText).join(', ')}${rest}`
}

function keyText({ table, vip }: RouteKey): string {
  return `${destinationText(vip)} in ${table}`
}

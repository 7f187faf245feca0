/** `vip-switch switch`: lets an operator point routes at another node. */

import type { Ec2 } from '../../adapters/ec2/client.ts'
import { longestWait } from '../../adapters/ec2/transport/budget.ts'
import { type CallContext, callContextFor, openFor, routePort } from '../../agent/node/route-port.ts'
import { loadConfigIfThere } from '../../config/load.ts'
import { historyDirectory } from '../../config/paths.ts'
import type { Config } from '../../config/schema.ts'
import type { Pin } from '../../core/pin.ts'
import type { RouteOutcome } from '../../core/route.ts'
import { keepByHand } from '../../history/by-hand.ts'
import { lastLookTime, movableDeadline, systemClock } from '../../platform/clock.ts'
import { Failure, messageOf } from '../../platform/errors.ts'
import { ask } from '../../terminal/ask.ts'
import { EXIT, type ExitCode, exitCodeOfError, exitCodeOfRoutes } from '../../terminal/exit-code.ts'
import { hintText } from '../../terminal/hint.ts'
import { interruption } from '../../terminal/interruption.ts'
import { openLog } from '../../terminal/log.ts'
import { aLine, print } from '../../terminal/print.ts'
import { countText } from '../../terminal/table.ts'
import { movesText, outcomesText, switchJson } from './output.ts'
import { pinRoutes } from './pinning.ts'
import { type Plan, planSwitch } from './plan.ts'
import { tellProgress } from './progress.ts'
import { requestOf, type SwitchOptions } from './request.ts'
import { isDue, makeMoves, rehearseMoves } from './switchover.ts'

const LOOK_UP_DEADLINE_MS = 10_000
const MOVE_DEADLINE_MS = 60_000

/** @throws Failure before anything is written */
export async function switchRoutes(name: string | undefined, options: SwitchOptions): Promise<ExitCode> {
  const { deadline = Number.POSITIVE_INFINITY, dryRun = false, json = false } = options
  const config = loadConfigIfThere(options.config, options.region)
  const request = requestOf(name, options, config)
  const log = openLog(options.logFormat)
  const start = systemClock.now()
  const lookingUp = callContextFor(Math.min(LOOK_UP_DEADLINE_MS, deadline), log)
  const ec2 = await openFor(config ?? { region: options.region, assumeRole: undefined }, lookingUp)
  const plan = await planSwitch(ec2, request, config, name, lookingUp, options)
  const { moves, eni, problems, vpc, policy } = plan
  const due = moves.filter(isDue).map(({ key }) => key)
  const lookedUpMs = systemClock.now() - start
  tellPlan(plan, options)
  if (!dryRun) await assertWanted(due.length, options)

  const stopped = interruption()
  const { signal, lastLookMs } = limitOf(options, lookedUpMs, moves.length)
  const moving = { ...lookingUp, signal: AbortSignal.any([signal, stopped]) }
  const begun = systemClock.wall()
  // The pin first, so that no daemon takes the routes back.
  const pin = config && name && !dryRun ? await pinIfAsked(ec2, config, name, plan, moving, options) : undefined
  stopped.addEventListener('abort', () => log.warn(`${messageOf(stopped.reason)}: checking what has moved`))
  const routes = routePort(ec2, { selectors: request.selectors, vpc, createMissing: policy.createMissing }, moving)
  const progress = tellProgress(due, systemClock, log)
  const outcomes = dryRun
    ? await rehearseMoves(moves, eni, routes)
    : await makeMoves(moves, eni, routes, { ...moving, policy, lastLookMs, onStep: progress.note })
  progress.end()
  if (!dryRun && (due.length > 0 || pin)) {
    const deed = {
      command: pin ? 'pin' : 'switch',
      to: eni,
      until: pin?.until ?? null,
      outcomes: countsOf(outcomes),
    } as const
    await keepByHand(name, deed, begun, { directory: historyDirectory(undefined), clock: systemClock, log })
  }
  const tableNames = new Map(moves.map(({ table }) => [table.id, table.name]))
  print(json ? switchJson(plan, outcomes, dryRun) : outcomesText(outcomes, tableNames, problems))
  const code = exitCodeOfRoutes([...outcomes.map(({ verdict }) => verdict), ...problems.map(() => 'failed' as const)])
  return code === EXIT.failed && stopped.aborted ? exitCodeOfError(stopped.reason) : code
}

/** Computes the time limit; the time the user takes to answer does not count. */
function limitOf({ deadline }: SwitchOptions, lookedUpMs: number, routes: number) {
  const length = deadline ?? MOVE_DEADLINE_MS + longestWait(routes)
  const lastLookMs = lastLookTime(length)
  const { signal } = movableDeadline(length, lastLookMs + (deadline === undefined ? 0 : lookedUpMs))
  return { signal, lastLookMs }
}

function tellPlan(plan: Plan, { json, force, pin }: SwitchOptions): void {
  const { moves, eni, facts, problems } = plan
  const warn = (text: string) => print(hintText(text, 2), process.stderr)
  const text = movesText(moves, eni, facts)
  if (!json) print(text)
  else if (process.stdin.isTTY && !force) print(text, process.stderr)
  for (const problem of problems) warn(`${problem}: vip-switch list shows the existing tables`)
  const warning = pin === undefined ? takenBackText(plan) : undefined
  if (warning) warn(warning)
}

function takenBackText({ intent, eni, facts }: Plan): string | undefined {
  const owner = intent?.pin?.eni ?? intent?.master?.eni
  if (owner === undefined || owner === eni) return undefined
  const why = intent?.pin ? 'The routes are pinned to' : 'VRRP elected'
  return `${why} ${facts.get(owner)?.name ?? owner}, whose daemon would take the routes back; --pin 30m keeps them at the new node for that long`
}

async function pinIfAsked(
  ec2: Ec2,
  config: Config,
  name: string,
  { eni, intent }: Plan,
  context: CallContext,
  { pin }: SwitchOptions,
): Promise<Pin | undefined> {
  if (pin === undefined || !intent) return undefined
  const pinned = await pinRoutes(ec2, config, name, eni, pin, intent, context)
  print(aLine(`${name} is pinned to ${eni} until ${new Date(pinned.until).toISOString()}`), process.stderr)
  return pinned
}

/** How many routes had each outcome. */
function countsOf(outcomes: readonly RouteOutcome[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { verdict } of outcomes) counts[verdict] = (counts[verdict] ?? 0) + 1
  return counts
}

async function assertWanted(due: number, { force, pin }: SwitchOptions): Promise<void> {
  if (force || (due === 0 && pin === undefined)) return
  if (!process.stdin.isTTY) {
    throw new Failure('usage', 'cannot ask for confirmation without a terminal; nothing was changed', {
      hint: 'use -f to skip confirmation',
    })
  }
  if (!(await ask(`${pin === undefined ? 'Move' : 'Pin and move'} ${countText(due, 'route')}?`)))
    throw new Failure('refused', 'not confirmed; nothing was changed')
}

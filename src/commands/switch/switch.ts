/** `vip-switch switch`: lets an operator point routes at another node. */

import type { Ec2 } from '../../adapters/ec2/client.ts'
import { longestWait } from '../../adapters/ec2/transport/budget.ts'
import { explainingLog } from '../../agent/node/explaining-log.ts'
import { type CallContext, callContextFor, openFor, routePort } from '../../agent/node/route-port.ts'
import { loadConfigIfThere } from '../../config/load.ts'
import { historyDirectory } from '../../config/paths.ts'
import type { Config } from '../../config/schema.ts'
import { vipSwitch } from '../../core/command-line.ts'
import { labelOf, namesIn } from '../../core/names.ts'
import type { Pin } from '../../core/pin.ts'
import type { RouteOutcome } from '../../core/route.ts'
import { keepByHand } from '../../history/by-hand.ts'
import { lastLookTime, movableDeadline, systemClock } from '../../platform/clock.ts'
import { Failure, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { ask } from '../../terminal/ask.ts'
import { EXIT, type ExitCode, exitCodeOfError, exitCodeOfRoutes } from '../../terminal/exit-code.ts'
import { interruption } from '../../terminal/interruption.ts'
import { openLog } from '../../terminal/log.ts'
import { aLine, print } from '../../terminal/print.ts'
import { countText } from '../../terminal/table.ts'
import { ageText, momentText } from '../../terminal/time.ts'
import { movesText, outcomesText, switchJson } from './output.ts'
import { pinRoutes } from './pinning.ts'
import { explainIn, type Plan, planSwitch } from './plan.ts'
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
  const explain = explainIn(plan)
  const told = explainingLog(log, explain)
  tellPlan(plan, config, told, options)
  if (!dryRun) await assertWanted(due.length, options)

  const stopped = interruption()
  const { signal, lastLookMs } = limitOf(options, lookedUpMs, moves.length)
  const moving = { ...lookingUp, log: told, signal: AbortSignal.any([signal, stopped]) }
  const begun = systemClock.wall()
  // The pin first, so that no daemon takes the routes back.
  const pin = config && name && !dryRun ? await pinIfAsked(ec2, config, name, plan, moving, options) : undefined
  stopped.addEventListener('abort', () => told.warn(`${messageOf(stopped.reason)}: checking what has moved`))
  const routes = routePort(ec2, { selectors: request.selectors, vpc, createMissing: policy.createMissing }, moving)
  const progress = tellProgress(due, systemClock, told)
  const found = dryRun
    ? await rehearseMoves(moves, eni, routes)
    : await makeMoves(moves, eni, routes, { ...moving, policy, lastLookMs, onStep: progress.note })
  progress.end()
  if (!dryRun && (due.length > 0 || pin)) {
    const deed = { ...commandOf(pin), to: eni, outcomes: countsOf(found) }
    await keepByHand(name, deed, begun, { directory: historyDirectory(undefined), clock: systemClock, log })
  }
  const outcomes = found.map((outcome) => ({ ...outcome, detail: explain(outcome.detail) }))
  const tableNames = new Map(moves.map(({ table }) => [table.id, table.name]))
  print(json ? switchJson(plan, found, dryRun) : outcomesText(outcomes, tableNames, problems))
  if (!dryRun && outcomes.some(({ verdict }) => verdict === 'done')) warnOfOwner(plan, config, told, options)
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

function tellPlan(plan: Plan, config: Config | undefined, log: Log, options: SwitchOptions): void {
  const { json, force } = options
  const { moves, eni, facts, problems } = plan
  const text = movesText(moves, eni, facts)
  if (!json) print(text)
  else if (process.stdin.isTTY && !force) print(text, process.stderr)
  for (const problem of problems) log.warn({ hint: 'vip-switch list shows the existing tables' }, problem)
  // Before it asks; a forced one is told afterwards.
  if (!force && process.stdin.isTTY) warnOfOwner(plan, config, log, options)
}

/** Warns if VRRP, or a pin, wants the routes at another node, whose daemon reads them every interval. */
function warnOfOwner(
  { instance, intent, eni, facts }: Plan,
  config: Config | undefined,
  log: Log,
  { pin }: SwitchOptions,
): void {
  const owner = intent?.pin?.eni ?? intent?.master?.eni
  if (!config || instance === undefined || owner === undefined || owner === eni || pin !== undefined) return
  const nameOf = namesIn({ facts })
  const why = intent?.pin ? 'the routes are pinned to it' : 'VRRP elected it'
  const hint = `to keep them at ${nameOf(eni)}: ${vipSwitch('pin', instance, '--to', nameOf(eni), '--for', '30m')}`
  log.warn({ hint }, `${nameOf(owner)}'s daemon takes the routes back within ${ageText(config.interval)}: ${why}`)
}

async function pinIfAsked(
  ec2: Ec2,
  config: Config,
  name: string,
  { eni, facts, intent }: Plan,
  context: CallContext,
  { pin }: SwitchOptions,
): Promise<Pin | undefined> {
  if (pin === undefined || !intent) return undefined
  const pinned = await pinRoutes(ec2, config, name, eni, pin, intent, context)
  const node = labelOf(eni, namesIn({ facts }))
  print(aLine(`${name} is pinned to ${node} until ${momentText(pinned.until)}, for ${ageText(pin)}`), process.stderr)
  return pinned
}

function commandOf(pin: Pin | undefined) {
  return pin ? ({ command: 'pin', until: pin.until } as const) : ({ command: 'switch', until: null } as const)
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

/** `vip-switch switch`: an operator points routes at another node. */
import { type Intent, pinRoutes, readIntent } from '../agent/pinning.ts'
import { insist, openFor, ownEni, routePort, type Wanted, wantedFor } from '../agent/route-port.ts'
import { isDue, makeMoves, planMoves, rehearseMoves } from '../agent/switchover.ts'
import { factsOfTargets } from '../agent/targets.ts'
import { loadConfigIfThere } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { ec2Command } from '../core/command-line.ts'
import type { EniId } from '../core/ids.ts'
import type { Reference } from '../core/reference.ts'
import type { Target, TargetFacts } from '../core/route.ts'
import { longestWait } from '../ec2/budget.ts'
import type { Ec2 } from '../ec2/client.ts'
import { findEni } from '../ec2/interfaces.ts'
import { Failure, hintOf, messageOf } from '../errors.ts'
import { ask } from '../output/ask.ts'
import { type ExitCode, exitCodeOfRoutes } from '../output/exit.ts'
import { hintText } from '../output/hint.ts'
import { openLog } from '../output/log.ts'
import { aLine, print } from '../output/print.ts'
import { movesText, outcomesText, switchJson } from '../output/switch.ts'
import { countText } from '../output/table.ts'
import { requestOf, type SwitchOptions } from './switch-request.ts'

const LOOK_UP_DEADLINE_MS = 10_000
const MOVE_DEADLINE_MS = 60_000

/** @throws Failure before anything is written */
export async function switchRoutes(name: string | undefined, options: SwitchOptions): Promise<ExitCode> {
  const config = loadConfigIfThere(options.config)
  const request = requestOf(name, options, config)
  const log = await openLog()
  const lookingUp = wantedFor(LOOK_UP_DEADLINE_MS, log)
  const ec2 = await openFor(config, lookingUp)
  const managed = { selectors: request.selectors, createMissing: request.policy.createMissing }
  const { tables, problems } = await routePort(ec2, managed, lookingUp).read()
  if (problems.length > 0)
    throw new Failure('config', problems.join('; '), { hint: 'vip-switch list shows what is there' })
  const vpcs = [...new Set(tables.map((table) => table.vpc))]
  const eni = await targetEni(ec2, request.target, config, vpcs, lookingUp)
  const moves = planMoves(tables, request.vips, eni, request.policy)
  const present = moves.flatMap(({ standing }) => (standing.kind === 'missing' ? [] : (standing.route?.target ?? [])))
  const targets: Target[] = [...present, { kind: 'eni', eni, instance: undefined }]
  const facts = await factsOfTargets(ec2, targets, lookingUp)

  const plan = movesText(moves, eni, facts)
  if (!options.json) print(plan)
  else if (process.stdin.isTTY && !options.force) print(plan, process.stderr)
  const intent = config && name ? await intentOf(ec2, config, name, lookingUp, options) : undefined
  const warning = takenBackText(intent, eni, facts, options)
  if (warning) print(hintText(warning, 2), process.stderr)
  if (!options.dryRun) await assertWanted(moves.filter(isDue).length, options)

  // The time that a person took to answer is not EC2's.
  const moving = wantedFor(MOVE_DEADLINE_MS + longestWait(moves.length), log)
  // The pin first, so that no daemon takes back what is moved next.
  if (config && name && intent && !options.dryRun) await pinIfAsked(ec2, config, name, eni, intent, moving, options)
  const routes = routePort(ec2, managed, moving)
  const outcomes = options.dryRun
    ? await rehearseMoves(moves, eni, routes)
    : await makeMoves(moves, eni, routes, moving)
  const tableNames = new Map(tables.map((table) => [table.id, table.name]))
  print(
    options.json
      ? switchJson(moves, eni, facts, outcomes, options.dryRun === true)
      : outcomesText(outcomes, tableNames),
  )
  return exitCodeOfRoutes(outcomes.map((outcome) => outcome.verdict))
}

/** What claims and pins say; unknown, with a warning, where they cannot be read and no pin depends on them. */
async function intentOf(
  ec2: Ec2,
  config: Config,
  name: string,
  wanted: Wanted,
  { pin }: SwitchOptions,
): Promise<Intent | undefined> {
  try {
    return await readIntent(ec2, config, name, wanted)
  } catch (error) {
    if (pin !== undefined) throw error
    wanted.log.warn({ hint: hintOf(error) }, `whom VRRP means is not known: ${messageOf(error)}`)
    return undefined
  }
}

function takenBackText(
  intent: Intent | undefined,
  eni: EniId,
  facts: ReadonlyMap<string, TargetFacts>,
  { pin }: SwitchOptions,
): string | undefined {
  const owner = intent?.pin?.eni ?? intent?.master?.eni
  if (pin !== undefined || owner === undefined || owner === eni) return undefined
  const why = intent?.pin ? 'The routes are pinned to' : 'VRRP means them to be at'
  return `${why} ${facts.get(owner)?.name ?? owner}, whose daemon would take them back; --pin 30m keeps them here for so long`
}

async function pinIfAsked(
  ec2: Ec2,
  config: Config,
  name: string,
  eni: EniId,
  intent: Intent,
  wanted: Wanted,
  { pin }: SwitchOptions,
): Promise<void> {
  if (pin === undefined) return
  const { until } = await pinRoutes(ec2, config, name, eni, pin, intent, wanted)
  print(aLine(`${name} is pinned to ${eni} until ${new Date(until).toISOString()}`), process.stderr)
}

async function assertWanted(due: number, { force, pin }: SwitchOptions): Promise<void> {
  if (force || (due === 0 && pin === undefined)) return
  if (!process.stdin.isTTY) {
    throw new Failure('usage', 'not a terminal, so nobody can be asked; nothing was changed', {
      hint: 'say -f to go ahead',
    })
  }
  if (!(await ask(`${pin === undefined ? 'Move' : 'Pin them there, and move'} ${countText(due, 'route')}?`)))
    throw new Failure('refused', 'not confirmed; nothing was changed')
}

async function targetEni(
  ec2: Ec2,
  target: Reference | undefined,
  config: Config | undefined,
  vpcs: readonly string[],
  wanted: Wanted,
): Promise<EniId> {
  if (target) {
    const { eni, sourceDestCheck } = await insist((signal) => findEni(ec2, target, vpcs, signal), wanted)
    if (sourceDestCheck) wanted.log.warn(checkOnText(eni, ec2.region))
    return eni
  }
  return ownEni(config ?? { eni: undefined, interface: undefined }, wanted)
}

function checkOnText(eni: EniId, region: string): string {
  const words = ['modify-network-interface-attribute', '--network-interface-id', eni, '--no-source-dest-check']
  return `${eni} drops what is for the VIP: its source/dest check is on. ${ec2Command(words, region)}`
}

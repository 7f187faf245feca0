/** `vip-switch switch`: an operator points routes at another node. */
import { insist, openFor, ownEni, routePort, type Wanted, wantedFor } from '../agent/route-port.ts'
import { isDue, makeMoves, planMoves, rehearseMoves } from '../agent/switchover.ts'
import { factsOfTargets } from '../agent/targets.ts'
import { configPath, instanceOf, loadConfig, loadConfigIfThere } from '../config/load.ts'
import type { Config, TableSelector } from '../config/schema.ts'
import { type EniId, isEniId, isInstanceId, isRouteTableId } from '../core/ids.ts'
import type { RoutePolicy, Target } from '../core/route.ts'
import { type Destination, InvalidDestination, parseVip, sameDestination } from '../core/vip.ts'
import type { Ec2 } from '../ec2/client.ts'
import { findEni, parseReference, type Reference } from '../ec2/interfaces.ts'
import { Failure } from '../errors.ts'
import { ask } from '../output/ask.ts'
import { type ExitCode, exitCodeOfRoutes } from '../output/exit.ts'
import { openLog } from '../output/log.ts'
import { movesText, outcomesText, switchJson } from '../output/switch.ts'
import { countText } from '../output/table.ts'

export type SwitchOptions = {
  routeTable: string[]
  vip: string[]
  instance?: string
  eni?: string
  to?: string
  force?: true
  dryRun?: true
  json?: true
  config?: string
}

const LOOK_UP_DEADLINE_MS = 10_000
const MOVE_DEADLINE_MS = 60_000
const CHECK_OFF = 'aws ec2 modify-network-interface-attribute --no-source-dest-check --network-interface-id'

/** What is to be moved, and where to; undefined: to this node. */
type SwitchRequest = {
  readonly selectors: readonly TableSelector[]
  readonly vips: readonly Destination[]
  readonly policy: RoutePolicy
  readonly target: Reference | undefined
}

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

  const print = (text: string) => process.stdout.write(`${text}\n`)
  const plan = movesText(moves, eni, facts)
  if (!options.json) print(plan)
  else if (process.stdin.isTTY && !options.force) process.stderr.write(`${plan}\n`)
  if (!options.dryRun) await assertWanted(moves.filter(isDue).length, options)

  // The time that a person took to answer is not EC2's.
  const moving = wantedFor(MOVE_DEADLINE_MS, log)
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

async function assertWanted(due: number, { force }: SwitchOptions): Promise<void> {
  if (force || due === 0) return
  if (!process.stdin.isTTY) {
    throw new Failure('usage', 'not a terminal, so nobody can be asked; nothing was changed', {
      hint: 'say -f to go ahead',
    })
  }
  if (!(await ask(`Move ${countText(due, 'route')}?`)))
    throw new Failure('refused', 'not confirmed; nothing was changed')
}

function requestOf(name: string | undefined, options: SwitchOptions, config: Config | undefined): SwitchRequest {
  const byFlags = options.routeTable.length > 0 || options.vip.length > 0
  const target = targetOf(options)
  if (name !== undefined) {
    if (byFlags) throw usage(`with the instance ${name}, -r and -v come from the config: leave them out`)
    const { routeTables, vips, createMissing, takeOver } = instanceOf(
      config ?? loadConfig(configPath(options.config)),
      name,
    )
    return { selectors: routeTables, vips, policy: { createMissing, takeOver }, target }
  }
  if (!byFlags) {
    const known = config ? Object.keys(config.instances).join(', ') : 'no config'
    throw usage(`what is to be switched? An instance of the config (${known}), or -r, -v and a target`)
  }
  if (options.routeTable.length === 0) throw usage('-v needs a route table: -r rtb-… or -r NAME')
  if (options.vip.length === 0) throw usage('-r needs a VIP: -v ADDRESS')
  if (!target) throw usage('where to? -I, --eni or --to')
  return {
    selectors: options.routeTable.map((text) =>
      isRouteTableId(text) ? { kind: 'id', id: text } : { kind: 'name', name: text },
    ),
    // Two spellings of one VIP are one VIP, and one write.
    vips: options.vip
      .map(vipOf)
      .filter((vip, index, all) => all.findIndex((other) => sameDestination(other, vip)) === index),
    // A route that no config asks for is moved, never made: a slip of the fingers would make one that nobody knows of.
    policy: { createMissing: false, takeOver: [] },
    target,
  }
}

function vipOf(text: string): Destination {
  try {
    return parseVip(text)
  } catch (error) {
    if (error instanceof InvalidDestination) throw usage(`-v: ${error.message}`)
    throw error
  }
}

function targetOf({ instance, eni, to }: SwitchOptions): Reference | undefined {
  const given = [instance, eni, to].filter((value) => value !== undefined)
  if (given.length > 1) throw usage('-I, --eni and --to name one target: choose one of them')
  if (eni !== undefined) {
    if (!isEniId(eni)) throw usage(`--eni: "${eni}" is no id of a network interface (eni-…)`)
    return { kind: 'eni', eni }
  }
  if (instance !== undefined) {
    return isInstanceId(instance) ? { kind: 'instance', instance } : { kind: 'name', name: instance }
  }
  return to === undefined ? undefined : parseReference(to)
}

function usage(message: string): Failure {
  return new Failure('usage', message, { hint: 'vip-switch switch --help has examples' })
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
    if (sourceDestCheck)
      wanted.log.warn(`${eni} drops what is for the VIP: its source/dest check is on. ${CHECK_OFF} ${eni}`)
    return eni
  }
  return ownEni(config ?? { eni: undefined, interface: undefined }, wanted)
}

/** Plans `vip-switch switch`: looks up everything before it asks and writes. */

import type { Ec2 } from '../../adapters/ec2/client.ts'
import { findEni } from '../../adapters/ec2/operations/interfaces.ts'
import { matches, readTables, selectTables } from '../../adapters/ec2/operations/tables.ts'
import { nodesVpc } from '../../agent/node/nodes-vpc.ts'
import { type CallContext, ownEni, retryWithLogging } from '../../agent/node/route-port.ts'
import { factsOfTargets } from '../../agent/node/targets.ts'
import type { Config } from '../../config/schema.ts'
import { ec2Command } from '../../core/command-line.ts'
import type { EniId } from '../../core/ids.ts'
import { explained, namesIn } from '../../core/names.ts'
import type { Reference } from '../../core/reference.ts'
import { findRoute, type Move, type RoutePolicy, type RouteTable, type TargetFacts } from '../../core/route.ts'
import type { Target } from '../../core/route-target.ts'
import { type Destination, sameDestination } from '../../core/vip.ts'
import { Failure, hintOf, messageOf } from '../../platform/errors.ts'
import { type Intent, readIntent } from './pinning.ts'
import type { SwitchOptions, SwitchRequest } from './request.ts'
import { planMoves } from './switchover.ts'

export type Plan = {
  readonly moves: readonly Move[]
  /** The target of the routes. */
  readonly eni: EniId
  readonly facts: ReadonlyMap<string, TargetFacts>
  /** Selectors of the config that match no table or are ambiguous. The tables of the others are moved all the same. */
  readonly problems: readonly string[]
  /** The VRRP instance of the config that the routes belong to, if any. */
  readonly instance: string | undefined
  /** The owner of its routes, if claims and pins could be read. */
  readonly intent: Intent | undefined
  /** Where the selectors' names and tags are meant, if known. */
  readonly vpc: string | undefined
  readonly policy: RoutePolicy
}

/** @throws Failure */
export async function planSwitch(
  ec2: Ec2,
  { selectors, vips, policy, target }: SwitchRequest,
  config: Config | undefined,
  name: string | undefined,
  context: CallContext,
  options: SwitchOptions,
): Promise<Plan> {
  const matched = await retryWithLogging((signal) => readTables(ec2, selectors, signal), context)
  const vpc = config && name && (await nodesVpc(ec2, config, matched, context))
  const { tables, problems } = selectTables(matched, selectors, vpc)
  // A mistyped argument is easily corrected; a config should not have to be fixed at 3 a.m.
  if (problems.length > 0 && name === undefined)
    throw new Failure('config', problems.join('; '), { hint: 'vip-switch list shows the existing tables' })
  const vpcs = [...new Set(tables.map((table) => table.vpc))]
  const found = await targetEni(ec2, target, config, vpcs, context)
  const { eni } = found
  const instance = name ?? (config && instanceWith(config, tables, vips, vpc))
  const intent = config && instance ? await intentOf(ec2, config, instance, context, options) : undefined
  const present = tables.flatMap((table) => vips.flatMap((vip) => findRoute(table, vip)?.target ?? []))
  const meant = [eni, ...(intent?.pinned ?? []), ...(intent?.master ? [intent.master.eni] : [])]
  const targets = [...present, ...meant.map((each): Target => ({ kind: 'eni', eni: each, instance: undefined }))]
  const facts = await factsOfTargets(ec2, targets, context)
  // EC2's dry runs do not look at the VPCs.
  const permitted = { ...policy, vpc: found.vpc ?? facts.get(eni)?.vpc }
  const moves = planMoves(tables, vips, eni, permitted)
  return { moves, eni, facts, problems, instance, intent, vpc, policy: permitted }
}

/** The VRRP instance whose daemons look after one of these routes. */
function instanceWith(
  { instances }: Config,
  tables: readonly RouteTable[],
  moved: readonly Destination[],
  vpc: string | undefined,
): string | undefined {
  const [name] =
    Object.entries(instances).find(
      ([, { vips, routeTables }]) =>
        vips.some((vip) => moved.some((each) => sameDestination(vip, each))) &&
        tables.some((table) => routeTables.some((selector) => matches(selector, table, vpc))),
    ) ?? []
  return name
}

/** Names of the plan's nodes and route tables, for sentences about them. */
export function explainIn({ facts, moves }: Pick<Plan, 'facts' | 'moves'>): (text: string) => string {
  const nameOf = namesIn({ facts })
  const tables = new Map(moves.map(({ table }) => [table.id, table.name]))
  return (text) => explained(text, nameOf, tables)
}

/** Reads claims and pins; if that fails and no pin depends on them, warns and returns undefined. */
async function intentOf(
  ec2: Ec2,
  config: Config,
  name: string,
  context: CallContext,
  { pin }: SwitchOptions,
): Promise<Intent | undefined> {
  try {
    return await readIntent(ec2, config, name, context)
  } catch (error) {
    if (pin !== undefined) throw error
    context.log.warn({ hint: hintOf(error) }, `cannot tell whom VRRP elected: ${messageOf(error)}`)
    return undefined
  }
}

async function targetEni(
  ec2: Ec2,
  target: Reference | undefined,
  config: Config | undefined,
  vpcs: readonly string[],
  context: CallContext,
): Promise<{ readonly eni: EniId; readonly vpc: string | undefined }> {
  if (target) {
    const { eni, sourceDestCheck, vpc } = await retryWithLogging(
      (signal) => findEni(ec2, target, vpcs, signal),
      context,
    )
    if (sourceDestCheck) context.log.warn(checkOnText(eni, ec2.region))
    return { eni, vpc }
  }
  return { eni: await ownEni(config ?? { eni: undefined, interface: undefined }, context), vpc: undefined }
}

function checkOnText(eni: EniId, region: string): string {
  const words = ['modify-network-interface-attribute', '--network-interface-id', eni, '--no-source-dest-check']
  return `${eni} drops traffic for the VIP: its source/dest check is on. ${ec2Command(words, region)}`
}

/** Plans `vip-switch switch`: looks up everything before it asks and writes. */

import type { Ec2 } from '../../adapters/ec2/client.ts'
import { findEni } from '../../adapters/ec2/operations/interfaces.ts'
import { type CallContext, ownEni, retryWithLogging, routePort } from '../../agent/node/route-port.ts'
import { factsOfTargets } from '../../agent/node/targets.ts'
import type { Config } from '../../config/schema.ts'
import { ec2Command } from '../../core/command-line.ts'
import type { EniId } from '../../core/ids.ts'
import type { Reference } from '../../core/reference.ts'
import type { Move, TargetFacts } from '../../core/route.ts'
import type { Target } from '../../core/route-target.ts'
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
  /** The owner of a config instance's routes, if claims and pins could be read. */
  readonly intent: Intent | undefined
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
  const { tables, problems } = await routePort(ec2, { selectors, ...policy }, context).read()
  // A mistyped argument is easily corrected; a config should not have to be fixed at 3 a.m.
  if (problems.length > 0 && name === undefined)
    throw new Failure('config', problems.join('; '), { hint: 'vip-switch list shows the existing tables' })
  const vpcs = [...new Set(tables.map((table) => table.vpc))]
  const eni = await targetEni(ec2, target, config, vpcs, context)
  const moves = planMoves(tables, vips, eni, policy)
  const present = moves.flatMap(({ standing }) => (standing.kind === 'missing' ? [] : (standing.route?.target ?? [])))
  const targets: Target[] = [...present, { kind: 'eni', eni, instance: undefined }]
  const facts = await factsOfTargets(ec2, targets, context)
  const intent = config && name ? await intentOf(ec2, config, name, context, options) : undefined
  return { moves, eni, facts, problems, intent }
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
): Promise<EniId> {
  if (target) {
    const { eni, sourceDestCheck } = await retryWithLogging((signal) => findEni(ec2, target, vpcs, signal), context)
    if (sourceDestCheck) context.log.warn(checkOnText(eni, ec2.region))
    return eni
  }
  return ownEni(config ?? { eni: undefined, interface: undefined }, context)
}

function checkOnText(eni: EniId, region: string): string {
  const words = ['modify-network-interface-attribute', '--network-interface-id', eni, '--no-source-dest-check']
  return `${eni} drops traffic for the VIP: its source/dest check is on. ${ec2Command(words, region)}`
}

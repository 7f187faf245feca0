/** Names and zones of route targets: nice to show, never required. */

import type { Ec2 } from '../../adapters/ec2/client.ts'
import { describeTargets } from '../../adapters/ec2/operations/interfaces.ts'
import type { EniId, InstanceId } from '../../core/ids.ts'
import type { TargetFacts } from '../../core/route.ts'
import type { Target } from '../../core/route-target.ts'
import { hintOf, messageOf } from '../../platform/errors.ts'
import { type CallContext, retryWithLogging } from './route-port.ts'

/** Facts by ENI or instance id. @throws Failure if we may not read them */
export function lookUpTargets(
  ec2: Ec2,
  targets: readonly Target[],
  context: CallContext,
): Promise<Map<string, TargetFacts>> {
  const enis = new Set<EniId>()
  const instances = new Set<InstanceId>()
  for (const target of targets) {
    if (target.kind === 'eni') enis.add(target.eni)
    if (target.kind === 'instance') instances.add(target.instance)
  }
  return retryWithLogging((signal) => describeTargets(ec2, [...enis], [...instances], signal), context)
}

/** The same; none, with a warning, if we may not read them. */
export async function factsOfTargets(
  ec2: Ec2,
  targets: readonly Target[],
  context: CallContext,
): Promise<Map<string, TargetFacts>> {
  try {
    return await lookUpTargets(ec2, targets, context)
  } catch (error) {
    context.log.warn({ hint: hintOf(error) }, `cannot show names and zones: ${messageOf(error)}`)
    return new Map()
  }
}

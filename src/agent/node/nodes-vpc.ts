/** The VPC in which a config means names and tags of route tables, for an operator's command, on a node or elsewhere. */
import type { Ec2 } from '../../adapters/ec2/client.ts'
import { vpcOfThisInstance } from '../../adapters/ec2/instance-metadata.ts'
import { readInterfaces } from '../../adapters/ec2/operations/members.ts'
import { vpcsMatched } from '../../adapters/ec2/operations/tables.ts'
import { openWitness } from '../../adapters/witness/open.ts'
import type { Config } from '../../config/schema.ts'
import type { RouteTable } from '../../core/route.ts'
import { messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'

/**
 * The VPC of the config, of this node's interface or of the nodes with a claim, in this order; undefined if none tells.
 * Nobody is asked unless the names and tags match tables in several VPCs.
 * @param tables everything that the selectors match
 */
export async function nodesVpc(
  ec2: Ec2,
  config: Config,
  tables: readonly RouteTable[],
  { signal, log }: { readonly signal: AbortSignal; readonly log: Pick<Log, 'debug'> },
): Promise<string | undefined> {
  const selectors = Object.values(config.instances).flatMap(({ routeTables }) => routeTables)
  if (config.vpc !== undefined || vpcsMatched(tables, selectors).length < 2) return config.vpc
  const untold = (error: unknown) => {
    log.debug(`the VPC of the nodes is not known from there: ${messageOf(error)}`)
    return undefined
  }
  if (config.eni !== undefined) {
    const own = await readInterfaces(ec2, [config.eni], signal).catch(untold)
    if (own?.[0]) return own[0].vpc
  }
  const read = await openWitness(config, ec2, Object.keys(config.instances)).read(signal).catch(untold)
  // Elsewhere, IMDS keeps its caller waiting: it comes last.
  return onlyVpc(read?.values() ?? []) ?? (await vpcOfThisInstance(config.interface).catch(untold))
}

/** The VPC that all these interfaces are in, if they are in the same. */
export function onlyVpc(reports: Iterable<{ readonly vpcs: ReadonlyMap<string, string> }>): string | undefined {
  const vpcs = new Set([...reports].flatMap(({ vpcs: of }) => [...of.values()]))
  const [vpc] = vpcs
  return vpcs.size === 1 ? vpc : undefined
}

/** The VPC that a config is for. */

import { openEc2 } from '../../adapters/ec2/client.ts'
import { readTables, selectTables } from '../../adapters/ec2/operations/tables.ts'
import { nodesVpc } from '../../agent/node/nodes-vpc.ts'
import type { Config } from '../../config/schema.ts'
import { localRanges } from '../../core/route.ts'
import type { Destination } from '../../core/vip.ts'
import { deadline, systemClock } from '../../platform/clock.ts'

/** A config is checked offline, too: whoever does that is not kept waiting. */
const LIMIT_MS = 3000

/**
 * The CIDRs of the VPC, by its route tables that the config means. EC2 is asked once, and not for long.
 * @throws Failure where it does not tell
 */
export async function rangesOfVpc(config: Config): Promise<Destination[]> {
  const { region, assumeRole, instances } = config
  const signal = deadline(LIMIT_MS)
  const selectors = Object.values(instances).flatMap(({ routeTables }) => routeTables)
  const ec2 = await openEc2({ region, assumeRole, clock: systemClock, onWait() {} })
  const all = await readTables(ec2, selectors, signal)
  const vpc = await nodesVpc(ec2, config, all, { signal, log: { debug() {} } })
  return localRanges(selectTables(all, selectors, vpc).tables)
}

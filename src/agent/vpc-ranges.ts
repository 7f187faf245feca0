/** The VPC that a config is for. */
import { deadline, systemClock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import { localRanges } from '../core/route.ts'
import type { Destination } from '../core/vip.ts'
import { openEc2 } from '../ec2/client.ts'
import { readTables, selectTables } from '../ec2/tables.ts'

/** A config is checked offline, too: whoever does that is not kept waiting. */
const LIMIT_MS = 3000

/**
 * The CIDRs of the VPC, by its route tables that the config means. EC2 is asked once, and not for long.
 * @throws Failure where it does not tell
 */
export async function rangesOfVpc({ region, assumeRole, instances }: Config): Promise<Destination[]> {
  const signal = deadline(LIMIT_MS)
  const selectors = Object.values(instances).flatMap(({ routeTables }) => routeTables)
  const ec2 = await openEc2({ region, assumeRole, clock: systemClock, onWait() {} })
  const { tables } = selectTables(await readTables(ec2, selectors, signal), selectors)
  return localRanges(tables)
}

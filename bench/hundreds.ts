/** Hundreds of routes, with EC2's published token buckets enforced. */
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { startCloud } from './cloud.ts'
import { ms, type Part } from './measure.ts'
import { makeNode, startDaemon, stop, tell } from './node.ts'

const TABLES = 10
const VIPS = 50
/** The minimum time with EC2's bucket: bursts of 50, then 5 per second. */
const FLOOR_MS = ((TABLES * VIPS - 50) / 5) * 1000

export async function measureHundreds({ root, directory }: Bench): Promise<Part> {
  const vips = Array.from({ length: VIPS }, (_, index) => `10.99.1.${index + 1}/32`)
  const cloud = await startCloud(TABLES, vips)
  const node = makeNode({ root, directory: join(directory, 'hundreds'), cloud, instances: { VI_1: vips } })
  const daemon = await startDaemon(node, cloud)
  const { refused } = cloud.enforceBuckets()
  /** For each table, the number of its routes requested by the time half of all were. */
  const asked = new Map<string, number>()
  let all = 0
  cloud.onRequest = ({ action, params }) => {
    if (action !== 'ReplaceRoute' || all >= (TABLES * VIPS) / 2) return
    all += 1
    const table = params.RouteTableId ?? ''
    asked.set(table, (asked.get(table) ?? 0) + 1)
  }
  const accepted = cloud.accepted(TABLES * VIPS)
  const start = performance.now()
  tell(node, 'MASTER')
  const took = (await accepted) - start
  await stop(daemon)
  await cloud.endpoint.close()
  const shares = [...asked.values()]
  const least = Math.min(...shares, shares.length < TABLES ? 0 : Number.POSITIVE_INFINITY)
  const ratio = took / FLOOR_MS
  return {
    name: 'Hundreds of routes',
    rows: [
      {
        what: `${TABLES * VIPS} routes in ${TABLES} tables, in bursts of 50, then 5 per second`,
        target: `≤ 1.03 × the bucket's floor, ${ms(FLOOR_MS)}`,
        measured: `${ratio.toFixed(3)} × (${ms(took)})`,
        isMet: ratio <= 1.03,
      },
      {
        what: 'RequestLimitExceeded errors',
        target: 'none',
        measured: String(refused()),
        isMet: refused() === 0,
      },
      {
        what: 'routes requested per table when half of all were',
        target: 'fair: 25 each',
        measured: `${least} to ${Math.max(...shares)}`,
        isMet: least >= 20,
      },
    ],
  }
}

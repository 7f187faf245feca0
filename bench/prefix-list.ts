/** Hundreds of VIPs that move together in one managed prefix list, with one call per table. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { pointAway, startCloud } from './cloud.ts'
import { median, ms, type Part } from './measure.ts'
import { makeNode, startDaemon, stop, tell } from './node.ts'

const ROUNDS = 5
const TABLES = 10
const LIST = 'pl-0a1b2c3d4e5f60718'
const VIPS = Array.from({ length: 500 }, (_, index) => `10.99.${Math.floor(index / 250)}.${index % 250}/32`)
const DELAY_MS = 30

export async function measurePrefixList({ root, directory }: Bench): Promise<Part> {
  const cloud = await startCloud(TABLES, [LIST], { [LIST]: VIPS })
  const node = makeNode({ root, directory: join(directory, 'list'), cloud, instances: { VI_1: [LIST] } })
  const { refused } = cloud.enforceBuckets()
  const writes = new Set<number>()
  const took: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    cloud.delay = 0
    pointAway(cloud)
    const daemon = await startDaemon(node, cloud)
    cloud.delay = DELAY_MS
    let asked = 0
    cloud.onRequest = ({ action }) => {
      if (/Route$/.test(action)) asked += 1
    }
    const accepted = cloud.accepted(TABLES)
    const start = performance.now()
    tell(node, 'MASTER')
    took.push((await accepted) - start)
    // Until the first confirmation: nothing may be written again.
    await sleep(1500)
    writes.add(asked)
    await stop(daemon)
  }
  await cloud.endpoint.close()
  const most = Math.max(...writes)
  return {
    name: 'A managed prefix list',
    rows: [
      {
        what: `${VIPS.length} VIPs in one list, ${TABLES} tables: write calls`,
        target: `one per table: ${TABLES}`,
        measured: String(most),
        isMet: writes.size === 1 && most === TABLES,
      },
      {
        what: `FIFO line → all moved, at ${DELAY_MS} ms`,
        target: '',
        measured: ms(median(took)),
        isMet: undefined,
      },
      {
        what: 'RequestLimitExceeded errors',
        target: 'none',
        measured: String(refused()),
        isMet: refused() === 0,
      },
    ],
  }
}

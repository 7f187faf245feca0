/** A lower node becomes MASTER, too, as it heard no adverts: time until the routes are back at the true master. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { median, ms, type Part } from './measure.ts'
import { type BenchNode, makeNode, startDaemon, stop, tell } from './node.ts'

/** Pairs run concurrently, each with its own endpoint and two daemons, since they mostly wait. */
const PAIRS = 3
const TABLES = 2
const VIP = '10.99.0.10/32'
const DELAY_MS = 30
const INTERVAL_MS = 5000
const [HIGHER, LOWER] = [150, 100]
/** Past the edges' confirmations at +1 and +3 s: until then, a node might take the routes once more. */
const CONFIRMED_AFTER_MS = 4000

type Pair = { readonly cloud: Cloud; readonly master: BenchNode; readonly thief: BenchNode }

export async function measureSplitBrain(bench: Bench): Promise<Part> {
  const found = await Promise.all(Array.from({ length: PAIRS }, (_, index) => measurePair(bench, index)))
  const told = median(found.map(({ told }) => told))
  const untold = Math.max(...found.map(({ untold }) => untold))
  const lost = found.filter(({ isLost }) => isLost).length
  const limit = INTERVAL_MS + DELAY_MS
  return {
    name: 'Split brain',
    rows: [
      {
        what: `MASTER_RX_LOWER_PRI → routes restored, at ${DELAY_MS} ms`,
        target: 'under 1 s',
        measured: ms(told),
        isMet: told < 1000,
      },
      {
        what: 'without it, taken just after the master has read → restored; longest',
        target: `≤ one interval and one round trip, ${limit} ms`,
        measured: `${Math.round(untold)} ms`,
        isMet: untold <= limit,
      },
      { what: 'taken again by the lower node', target: 'never', measured: `${lost} of ${PAIRS}`, isMet: lost === 0 },
    ],
    notes: ['The master only notices at its next read: a read and a write are two round trips.', ''],
  }
}

async function measurePair({ root, directory }: Bench, index: number) {
  const cloud = await startCloud(TABLES, [VIP])
  const nodeOf = (name: string, eni: string) => {
    const place = { root, directory: join(directory, `pair-${index}-${name}`), cloud }
    return makeNode({ ...place, instances: { VI_1: [VIP] }, config: { eni } })
  }
  const pair = { cloud, master: nodeOf('higher', cloud.eni), thief: nodeOf('lower', cloud.otherEni) }
  const daemons = [await startDaemon(pair.master, cloud), await startDaemon(pair.thief, cloud)]
  cloud.delay = DELAY_MS
  tell(pair.master, 'MASTER', HIGHER)
  tell(pair.thief, 'BACKUP', LOWER)
  await sleep(CONFIRMED_AFTER_MS)

  await steal(pair)
  const start = performance.now()
  tell(pair.master, 'MASTER_RX_LOWER_PRI', HIGHER)
  const told = (await restored(cloud)) - start
  await sleep(CONFIRMED_AFTER_MS)
  let isLost = !isRestored(cloud)
  tell(pair.thief, 'BACKUP', LOWER)

  await looked(cloud)
  await looked(cloud)
  const stolen = await steal(pair)
  const untold = (await restored(cloud)) - stolen
  await sleep(CONFIRMED_AFTER_MS)
  isLost ||= !isRestored(cloud)
  for (const daemon of daemons) await stop(daemon)
  await cloud.endpoint.close()
  return { told, untold, isLost }
}

/** Simulates a brief loss of adverts; resolves when the lower node has the routes. */
async function steal({ cloud, thief }: Pair): Promise<number> {
  const accepted = cloud.accepted(TABLES)
  tell(thief, 'MASTER', LOWER)
  return accepted
}

const isRestored = ({ endpoint, eni, tables }: Cloud) =>
  tables.every((id) => endpoint.region.routeTables.get(id)?.routes.some(({ target }) => target.id === eni))

/** Resolves when the last of the restoring writes is answered, with the time. */
async function restored(cloud: Cloud): Promise<number> {
  let at = performance.now()
  while (!isRestored(cloud)) at = await cloud.accepted(1)
  return at
}

/** Resolves when a read of the tables is answered. The lower node, as BACKUP, only reads twice a minute. */
async function looked(cloud: Cloud): Promise<void> {
  await new Promise<void>((resolve) => {
    cloud.onRequest = ({ action }) => {
      if (action === 'DescribeRouteTables') resolve()
    }
  })
  await sleep(cloud.delay)
}

/** A warm daemon: from a line in its FIFO to the first request and the last response. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { median, ms, type Part, times } from './measure.ts'
import { makeNode, startDaemon, stop, tell } from './node.ts'

const ROUNDS = 15
/** Warm-up rounds of the bare client, so that the endpoint is warm. */
const WARM_UP_ROUNDS = 20
/** Time as BACKUP after which a daemon is warm, in milliseconds. */
const WARM_AFTER_MS = 500

/** VIPs `10.99.0.1` and so on. */
const vipsOf = (count: number) => Array.from({ length: count }, (_, index) => `10.99.0.${index + 1}/32`)

export type EdgeTimes = {
  /** From the line to the first request, and to the last response. */
  readonly wire: number
  readonly accepted: number
  /** From telling a bare client to post until its request arrives. */
  readonly bareWire: number
  /** From a bare client's request to its response; and for as many concurrent requests as there are routes. */
  readonly bare: number
  readonly bareAtOnce: number
}

/** Medians, in milliseconds. Each round starts a new daemon. */
export async function measureEdge(
  { root, directory }: Bench,
  tables: number,
  vips: number,
  delay: number,
): Promise<EdgeTimes> {
  const routes = tables * vips
  const cloud = await startCloud(tables, vipsOf(vips))
  const node = makeNode({ root, directory: join(directory, 'daemon'), cloud, instances: { VI_1: vipsOf(vips) } })
  const bare = await startBare(root, cloud)
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await post(bare, routes)
  const found: Record<keyof EdgeTimes, number[]> = { wire: [], accepted: [], bareWire: [], bare: [], bareAtOnce: [] }
  for (let round = 0; round < ROUNDS; round++) {
    cloud.delay = 0
    const daemon = await startDaemon(node, cloud)
    await sleep(WARM_AFTER_MS)
    // Held open, as keepalived does.
    const writer = openSync(node.fifo, 'w')
    cloud.delay = delay
    const asked = cloud.asked()
    const accepted = cloud.accepted(routes)
    const start = performance.now()
    tell(node, 'MASTER')
    found.wire.push((await asked) - start)
    found.accepted.push((await accepted) - start)
    closeSync(writer)
    await stop(daemon)
    const bareAsked = cloud.asked()
    const bareStart = performance.now()
    found.bare.push(await post(bare, 1))
    found.bareWire.push((await bareAsked) - bareStart)
    found.bareAtOnce.push(await post(bare, routes))
  }
  bare.kill()
  await cloud.endpoint.close()
  return {
    wire: median(found.wire),
    accepted: median(found.accepted),
    bareWire: median(found.bareWire),
    bare: median(found.bare),
    bareAtOnce: median(found.bareAtOnce),
  }
}

async function startBare(root: string, cloud: Cloud): Promise<ChildProcess> {
  const [table = ''] = cloud.tables
  const bare = fork(join(root, 'bench/bare.mjs'), [cloud.endpoint.url, table, cloud.otherEni])
  await once(bare, 'message')
  return bare
}

/** Milliseconds until this many concurrent requests are all answered. */
async function post(bare: ChildProcess, count: number): Promise<number> {
  const answered = once(bare, 'message')
  bare.send(count)
  const [elapsed] = await answered
  return Number(elapsed)
}

export async function measureDaemon(bench: Bench): Promise<Part> {
  const atOnce = await measureEdge(bench, 1, 1, 0)
  const rows: Part['rows'][number][] = [
    {
      what: 'FIFO line → request on the wire',
      target: 'median under 2 ms',
      measured: ms(atOnce.wire),
      isMet: atOnce.wire < 2,
    },
    {
      what: 'the same for a bare client, without signing',
      target: '',
      measured: ms(atOnce.bareWire),
      isMet: undefined,
    },
  ]
  for (const [tables, vips, limit] of [
    [1, 1, 1.1],
    [10, 1, 1.35],
    [10, 5, 1.35],
  ] as const) {
    const { accepted, bare, bareAtOnce } = await measureEdge(bench, tables, vips, 30)
    const ratio = accepted / bare
    rows.push({
      what: `FIFO line → all routes accepted, ${vips} × ${tables} at 30 ms`,
      target: `≤ ${limit} × a bare request`,
      measured: `${times(ratio)} (${ms(accepted)})`,
      isMet: ratio <= limit,
    })
    if (tables * vips === 1) continue
    rows.push({
      what: `the same requests from a bare client, ${tables * vips} at once on warm connections`,
      target: '',
      measured: `${times(bareAtOnce / bare)} (${ms(bareAtOnce)})`,
      isMet: undefined,
    })
  }
  return { name: 'A warm daemon', rows }
}

/** A warm daemon: from a line in its FIFO to the request, and to the last answer. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { median, ms, type Part, times } from './measure.ts'
import { makeNode, startDaemon, stop, tell } from './node.ts'

const ROUNDS = 9

/** VIPs `10.99.0.1` and so on. */
const vipsOf = (count: number) => Array.from({ length: count }, (_, index) => `10.99.0.${index + 1}/32`)

/** Milliseconds from the line to the first request and to the last answer; medians. Each round has a daemon of its own. */
export async function measureEdge({ root, directory }: Bench, tables: number, vips: number, delay: number) {
  const cloud = await startCloud(tables, vipsOf(vips))
  const node = makeNode({ root, directory: join(directory, 'daemon'), cloud, instances: { VI_1: vipsOf(vips) } })
  const bare = await startBare(root, cloud)
  const found = { wire: [] as number[], accepted: [] as number[], bare: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    cloud.delay = 0
    const daemon = await startDaemon(node, cloud)
    cloud.delay = delay
    const asked = cloud.asked()
    const accepted = cloud.accepted(tables * vips)
    const start = performance.now()
    tell(node, 'MASTER')
    found.wire.push((await asked) - start)
    found.accepted.push((await accepted) - start)
    await stop(daemon)
    found.bare.push(await postBare(bare))
  }
  bare.kill()
  await cloud.endpoint.close()
  return { wire: median(found.wire), accepted: median(found.accepted), bare: median(found.bare) }
}

async function startBare(root: string, cloud: Cloud): Promise<ChildProcess> {
  const [table = ''] = cloud.tables
  const bare = fork(join(root, 'bench/bare.mjs'), [cloud.endpoint.url, table, cloud.otherEni])
  await once(bare, 'message')
  return bare
}

async function postBare(bare: ChildProcess): Promise<number> {
  const answered = once(bare, 'message')
  bare.send('post')
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
  ]
  for (const [tables, vips, limit] of [
    [1, 1, 1.1],
    [10, 1, 1.35],
    [10, 5, 1.35],
  ] as const) {
    const { accepted, bare } = await measureEdge(bench, tables, vips, 30)
    const ratio = accepted / bare
    rows.push({
      what: `FIFO line → all routes accepted, ${vips} × ${tables} at 30 ms`,
      target: `≤ ${limit} × a bare request`,
      measured: `${times(ratio)} (${ms(accepted)})`,
      isMet: ratio <= limit,
    })
  }
  return { name: 'A warm daemon', rows }
}

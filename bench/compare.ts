/** From process start to all routes accepted, compared with what most notify scripts do: one AWS CLI call per table. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { measureEdge } from './daemon.ts'
import { isInstalled } from './hook.ts'
import { interleaved, median, ms, type Part } from './measure.ts'
import { type BenchNode, makeNode, startHook, stop } from './node.ts'

const ROUNDS = 7
const CLI_ROUNDS = 2
/** Targets for the hook and the warm daemon in milliseconds, by delay and number of tables. */
const TARGETS = [
  { delay: 0, tables: 1, hook: 80, daemon: 10 },
  { delay: 30, tables: 1, hook: 115, daemon: 40 },
  { delay: 30, tables: 10, hook: 155, daemon: 70 },
  { delay: 80, tables: 1, hook: 170, daemon: 90 },
  { delay: 80, tables: 10, hook: 200, daemon: 125 },
]
export const VIP = '10.99.0.1/32'

/** How to reach the cloud; default: directly. */
export type Reach = { readonly url: string; readonly env: NodeJS.ProcessEnv }

/** A node whose hook runs without a daemon, or that runs another program. */
export function aloneNode({ root, directory }: Bench, cloud: Cloud, reach?: Reach): BenchNode {
  return makeNode({ root, directory: join(directory, 'alone'), cloud, instances: { VI_1: [VIP] }, ...reach })
}

/** Milliseconds from the start of a hook's process until every table's write is accepted. */
export async function timeColdHook(cloud: Cloud, node: BenchNode): Promise<number> {
  const accepted = cloud.accepted(cloud.tables.length)
  const start = performance.now()
  const hook = startHook(node)
  const took = (await accepted) - start
  await stop(hook, 'SIGKILL')
  return took
}

/** The AWS CLI, one process per table, until the last ends; median, in milliseconds. */
export async function measureCli(cloud: Cloud, { env }: BenchNode): Promise<number> {
  const found: number[] = []
  for (let round = 0; round < CLI_ROUNDS; round++) {
    const start = performance.now()
    for (const table of cloud.tables) {
      const route = ['--route-table-id', table, '--destination-cidr-block', VIP, '--network-interface-id', cloud.eni]
      await once(spawn('aws', ['ec2', 'replace-route', ...route], { env, stdio: 'ignore' }), 'exit')
    }
    found.push(performance.now() - start)
  }
  return median(found)
}

export async function measureComparison(bench: Bench): Promise<Part> {
  const hasCli = isInstalled('aws')
  const rows: Part['rows'][number][] = []
  for (const { delay, tables, hook, daemon } of TARGETS) {
    const where = `${delay} ms, ${tables} table${tables === 1 ? '' : 's'}`
    const cloud = await startCloud(tables, [VIP])
    cloud.delay = delay
    const node = aloneNode(bench, cloud)
    const { cold } = await interleaved(ROUNDS, { cold: () => timeColdHook(cloud, node) })
    const cli = hasCli ? await measureCli(cloud, node) : undefined
    await cloud.endpoint.close()
    const { accepted } = await measureEdge(bench, tables, 1, delay)
    rows.push({ what: `${where}: hook alone`, target: `≈ ${hook} ms`, measured: ms(cold), isMet: cold <= hook })
    rows.push({
      what: `${where}: warm daemon`,
      target: `≈ ${daemon} ms`,
      measured: ms(accepted),
      isMet: accepted <= daemon,
    })
    if (cli === undefined) continue
    rows.push({ what: `${where}: aws ec2 replace-route in a loop`, target: '', measured: ms(cli), isMet: undefined })
  }
  return { name: 'From process start, or the line in the FIFO, to all routes accepted', rows }
}

/** Process start to all routes accepted, beside what most notify scripts do: the AWS CLI, once a table. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { measureEdge } from './daemon.ts'
import { isInstalled } from './hook.ts'
import { inTurns, median, ms, type Part } from './measure.ts'
import { type BenchNode, makeNode, startHook, stop } from './node.ts'

const ROUNDS = 7
const CLI_ROUNDS = 2
/** Milliseconds, by delay and number of tables: what the hook and the warm daemon aim at. */
const AIMS = [
  { delay: 0, tables: 1, hook: 80, daemon: 10 },
  { delay: 30, tables: 1, hook: 115, daemon: 40 },
  { delay: 30, tables: 10, hook: 155, daemon: 70 },
  { delay: 80, tables: 1, hook: 170, daemon: 90 },
  { delay: 80, tables: 10, hook: 200, daemon: 125 },
]
export const VIP = '10.99.0.1/32'

/** How the cloud is reached; by default as it is. */
export type Reach = { readonly url: string; readonly env: NodeJS.ProcessEnv }

/** A node that runs its hook without a daemon, or another program. */
export function aloneNode({ root, directory }: Bench, cloud: Cloud, reach?: Reach): BenchNode {
  return makeNode({ root, directory: join(directory, 'alone'), cloud, instances: { VI_1: [VIP] }, ...reach })
}

/** Milliseconds from the start of a hook's process until every table has accepted. */
export async function timeColdHook(cloud: Cloud, node: BenchNode): Promise<number> {
  const accepted = cloud.accepted(cloud.tables.length)
  const start = performance.now()
  const hook = startHook(node)
  const took = (await accepted) - start
  await stop(hook, 'SIGKILL')
  return took
}

/** The AWS CLI, one process a table, to the end of the last; the median, in milliseconds. */
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
  for (const { delay, tables, hook, daemon } of AIMS) {
    const where = `${delay} ms, ${tables} table${tables === 1 ? '' : 's'}`
    const cloud = await startCloud(tables, [VIP])
    cloud.delay = delay
    const node = aloneNode(bench, cloud)
    const { cold } = await inTurns(ROUNDS, { cold: () => timeColdHook(cloud, node) })
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
    rows.push({ what: `${where}: aws ec2 replace-route, a loop`, target: '', measured: ms(cli), isMet: undefined })
  }
  return { name: 'From the start of a process, or the line in the FIFO, to all routes accepted', rows }
}

/** Process start to all routes accepted, beside what most notify scripts do: the AWS CLI, once a table. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { startCloud } from './cloud.ts'
import { measureEdge } from './daemon.ts'
import { median, ms, type Part } from './measure.ts'
import { makeNode, startHook, stop } from './node.ts'

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
const VIP = '10.99.0.1/32'

async function measureColdHook({ root, directory }: Bench, tables: number, delay: number): Promise<number> {
  const cloud = await startCloud(tables, [VIP])
  const node = makeNode({ root, directory: join(directory, 'cold'), cloud, instances: { VI_1: [VIP] } })
  cloud.delay = delay
  const found: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const accepted = cloud.accepted(tables)
    const start = performance.now()
    const hook = startHook(node)
    found.push((await accepted) - start)
    await stop(hook, 'SIGKILL')
  }
  await cloud.endpoint.close()
  return median(found)
}

async function measureCli({ root, directory }: Bench, tables: number, delay: number): Promise<number> {
  const cloud = await startCloud(tables, [VIP])
  const { env } = makeNode({ root, directory: join(directory, 'cli'), cloud, instances: { VI_1: [VIP] } })
  cloud.delay = delay
  const found: number[] = []
  for (let round = 0; round < CLI_ROUNDS; round++) {
    const start = performance.now()
    for (const table of cloud.tables) {
      const route = ['--route-table-id', table, '--destination-cidr-block', VIP, '--network-interface-id', cloud.eni]
      await once(spawn('aws', ['ec2', 'replace-route', ...route], { env, stdio: 'ignore' }), 'exit')
    }
    found.push(performance.now() - start)
  }
  await cloud.endpoint.close()
  return median(found)
}

export async function measureComparison(bench: Bench): Promise<Part> {
  const hasCli = spawnSync('aws', ['--version'], { stdio: 'ignore' }).status === 0
  const rows: Part['rows'][number][] = []
  for (const { delay, tables, hook, daemon } of AIMS) {
    const where = `${delay} ms, ${tables} table${tables === 1 ? '' : 's'}`
    const cold = await measureColdHook(bench, tables, delay)
    const { accepted } = await measureEdge(bench, tables, 1, delay)
    rows.push({ what: `${where}: hook alone`, target: `≈ ${hook} ms`, measured: ms(cold), isMet: cold <= hook })
    rows.push({
      what: `${where}: warm daemon`,
      target: `≈ ${daemon} ms`,
      measured: ms(accepted),
      isMet: accepted <= daemon,
    })
    if (!hasCli) continue
    const cli = await measureCli(bench, tables, delay)
    rows.push({ what: `${where}: aws ec2 replace-route, a loop`, target: '', measured: ms(cli), isMet: undefined })
  }
  return { name: 'From the start of a process, or the line in the FIFO, to all routes accepted', rows }
}

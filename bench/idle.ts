/** An idle daemon: its memory and CPU time, and where both go. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dataOf } from '../test/support/keepalived-dumps.ts'
import type { Bench } from './bench.ts'
import { startCloud } from './cloud.ts'
import type { Part } from './measure.ts'
import { type BenchNode, makeNode, startDaemon, stop, tell } from './node.ts'
import {
  buildReadable,
  type Observation,
  observed,
  processorMs,
  readObservation,
  residentMb,
  timeByOwner,
} from './profile.ts'

/** Long enough for the route confirmations, and for V8's one-time garbage collection after the start. */
const SETTLED_MS = 20_000
const WATCHED_MS = 60_000

/** A stand-in named keepalived that handles SIGUSR1 as keepalived does. */
const STAND_IN = `
  const { appendFileSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
  process.on('SIGUSR1', () => {
    writeFileSync('temporary', '')
    renameSync('temporary', 'keepalived.data')
    appendFileSync('keepalived.data', readFileSync('answer'))
  })
  process.title = 'keepalived'
  console.log('up')
  setInterval(() => {}, 2 ** 30)`

export async function measureIdle(bench: Bench): Promise<Part> {
  const plain = await watch(bench, 'idle')
  const readable = join(bench.directory, 'readable.cjs')
  buildReadable(bench.root, readable)
  const profiled = await watch(bench, 'idle-profiled', readable)
  const share = (plain.processor.all / WATCHED_MS) * 100
  return {
    name: 'An idle daemon',
    rows: [
      {
        what: 'resident memory',
        target: 'under 75 MB',
        measured: `${plain.all.toFixed(0)} MB`,
        isMet: plain.all < 75,
      },
      {
        what: 'CPU, as MASTER with the default interval',
        target: 'under 0.3% of a core',
        measured: `${share.toFixed(2)}%`,
        isMet: share < 0.3,
      },
    ],
    notes: [
      ...memoryNotes(plain, await waitingNode(bench)),
      '',
      ...processorNotes(plain, timeByOwner(profiled.observation, readable)),
      '',
    ],
  }
}

/** Runs a daemon until it is idle, then observes it for a minute. @param bin the program; default: the built one */
async function watch({ root, directory }: Bench, name: string, bin?: string) {
  const cloud = await startCloud(2, ['10.99.0.1/32'])
  const file = join(directory, `${name}.json`)
  const built = makeNode({
    ...{ root, directory: join(directory, name), cloud, instances: { VI_1: ['10.99.0.1/32'] } },
    env: observed(root, file, bin !== undefined),
  })
  const node = bin ? { ...built, bin } : built
  const daemon = await startDaemon(node, cloud)
  const accepted = cloud.accepted(2)
  tell(node, 'MASTER')
  await accepted
  // Not earlier, or its answer would count as news.
  const keepalived = await startKeepalived(node)
  await sleep(SETTLED_MS)
  const pid = daemon.pid ?? 0
  daemon.kill('SIGUSR2')
  let reads = 0
  cloud.onRequest = ({ action }) => {
    if (action === 'DescribeRouteTables') reads += 1
  }
  const before = processorMs(pid)
  await sleep(WATCHED_MS)
  const after = processorMs(pid)
  const memory = residentMb(pid)
  await stop(daemon)
  keepalived.kill()
  await cloud.endpoint.close()
  const processor = {
    all: after.all - before.all,
    main: after.main - before.main,
    others: after.others - before.others,
  }
  return { ...memory, processor, reads, observation: readObservation(file) }
}

async function startKeepalived({ directory }: BenchNode): Promise<ChildProcess> {
  writeFileSync(join(directory, 'answer'), dataOf([{ name: 'VI_1', state: 'MASTER', priority: 150 }]))
  const child = spawn(process.execPath, ['-e', STAND_IN], {
    cwd: directory,
    env: { TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  writeFileSync(join(directory, 'keepalived.pid'), `${child.pid}\n`)
  return child
}

/** The baseline: an idle Node process. */
async function waitingNode({ root, directory }: Bench): Promise<Memory> {
  const file = join(directory, 'node.json')
  const code = "process.once('SIGTERM', () => process.exit()); setInterval(() => {}, 2 ** 30)"
  const child = spawn(process.execPath, ['-e', code], { env: observed(root, file), stdio: 'ignore' })
  await sleep(1000)
  const memory = residentMb(child.pid ?? 0)
  await stop(child)
  return { ...memory, observation: readObservation(file) }
}

type Watched = Awaited<ReturnType<typeof watch>>
type Memory = ReturnType<typeof residentMb> & { readonly observation: Observation }

function memoryNotes(daemon: Memory, node: Memory): string[] {
  const row = (what: string, of: (memory: Memory) => number) =>
    `| ${what} | ${of(daemon).toFixed(1)} | ${of(node).toFixed(1)} |`
  const code = ({ observation }: Memory) => (observation.code?.bytecode_and_metadata_size ?? 0) / 2 ** 20
  return [
    '| resident memory, MB | the daemon | an idle `node -e` |',
    '| --- | --- | --- |',
    row("Node's executable and libraries, shared between processes", ({ files }) => files),
    row('V8’s heap: objects', (memory) => heapMb(memory, /^(old|shared|trusted|read_only)_space$/) - code(memory)),
    row('V8’s heap: bytecode', code),
    row('V8’s heap: large objects, such as the bundle’s source', (memory) => heapMb(memory, /large_object/)),
    row('V8’s heap: young generation', (memory) => heapMb(memory, /^new_space$/)),
    row('V8’s heap: compiled code', (memory) => heapMb(memory, /^code_space$/)),
    row('everything else: malloc, stacks, buffers', (memory) => memory.own - heapMb(memory, /./)),
    row('**total**', ({ all }) => all),
  ]
}

/** Size of V8's heap spaces with matching names, in MB. */
function heapMb({ observation: { spaces = [] } }: Memory, names: RegExp): number {
  const bytes = spaces.filter(({ space_name: name }) => names.test(name)).map((space) => space.physical_space_size)
  return bytes.reduce((sum, each) => sum + each, 0) / 2 ** 20
}

function processorNotes({ processor, reads, observation }: Watched, owners: ReadonlyMap<string, number>): string[] {
  const { main, others } = processor
  const { garbageMs = 0 } = observation
  const all = [...owners.values()].reduce((sum, each) => sum + each, 0)
  const perTick = (ms: number) => `${(ms / reads).toFixed(1)} ms`
  const [small, large] = [false, true].map((isLarge) => [...owners].filter(([, ms]) => ms / all >= 0.02 === isLarge))
  const rest = (small ?? []).reduce((sum, [, ms]) => sum + ms, 0)
  const shares = [...(large ?? []), ['others', rest] as const]
  return [
    `A tick, with its two reads and its query to keepalived, takes ${perTick(main)} on the main thread, of which ` +
      `${perTick(garbageMs)} are garbage collection, and ${perTick(others)} on V8’s other threads. Main thread by owner of the code:`,
    '',
    '| owner | share |',
    '| --- | --- |',
    ...shares.map(([owner, ms]) => `| ${owner} | ${((ms / all) * 100).toFixed(0)}% |`),
  ]
}

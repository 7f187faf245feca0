/** A daemon that has nothing to do: its memory and its processor time. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { startCloud } from './cloud.ts'
import type { Part } from './measure.ts'
import { makeNode, startDaemon, stop, tell } from './node.ts'

const WATCHED_MS = 60_000
const TICKS_PER_SECOND = 100

export async function measureIdle({ root, directory }: Bench): Promise<Part> {
  const cloud = await startCloud(2, ['10.99.0.1/32'])
  const node = makeNode({ root, directory: join(directory, 'idle'), cloud, instances: { VI_1: ['10.99.0.1/32'] } })
  const daemon = await startDaemon(node, cloud)
  const accepted = cloud.accepted(2)
  tell(node, 'MASTER')
  await accepted
  // The looks at what was written are three seconds long.
  await sleep(5000)
  const pid = daemon.pid ?? 0
  const before = processorMs(pid)
  await sleep(WATCHED_MS)
  const share = ((processorMs(pid) - before) / WATCHED_MS) * 100
  const memory = memoryOf(pid)
  await stop(daemon)
  await cloud.endpoint.close()
  const resident = memory.Rss ?? Number.NaN
  return {
    name: 'An idle daemon',
    rows: [
      { what: 'resident memory', target: 'under 75 MB', measured: `${resident.toFixed(0)} MB`, isMet: resident < 75 },
      {
        what: 'processor, as MASTER with the default interval',
        target: 'under 0.3% of a core',
        measured: `${share.toFixed(2)}%`,
        isMet: share < 0.3,
      },
    ],
    notes: [
      `Of the resident memory, ${(memory.Private_Dirty ?? 0).toFixed(0)} MB are the process' own (heap, compiled code, buffers); ` +
        `the rest is Node's binary and libraries, which processes share.`,
      '',
    ],
  }
}

/** Milliseconds of processor time that the process has used: proc(5), utime and stime. */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000
}

/** MB, by the names of proc(5)'s smaps_rollup. */
export function memoryOf(pid: number): Record<string, number> {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Object.fromEntries(
    Array.from(text.matchAll(/^(\w+): +(\d+) kB$/gm), ([, name, kB]) => [name, Number(kB) / 1024]),
  )
}

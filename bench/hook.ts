/**
 * A hook, from process start: without a daemon until the first request, with one until it exits. Earlier hooks have
 * parsed the same config, as the BACKUP hook does at boot; the first one is an outlier that the median ignores.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { pointAway, startCloud } from './cloud.ts'
import { interleaved, ms, type Part, times } from './measure.ts'
import { type BenchNode, makeNode, startDaemon, startHook, stop, timeOf } from './node.ts'
import { coldHookNotes, marked } from './profile.ts'

const ROUNDS = 31

export async function measureHook({ root, directory }: Bench): Promise<Part> {
  const vip = '10.99.0.10/32'
  const cloud = await startCloud(1, [vip])
  const alone = makeNode({ root, directory: join(directory, 'alone'), cloud, instances: { VI_1: [vip] } })
  const served = makeNode({ root, directory: join(directory, 'served'), cloud, instances: { VI_1: [vip] } })
  const daemon = await startDaemon(served, cloud)
  const marks = join(directory, 'marks')
  const watched = { ...alone, env: { ...alone.env, ...marked(root, marks) } }
  async function wireOf(node: BenchNode): Promise<number> {
    const start = performance.now()
    const asked = cloud.asked()
    const hook = startHook(node)
    const at = await asked
    await stop(hook, 'SIGKILL')
    return at - start
  }
  const found = await interleaved(ROUNDS, {
    node: () => timeOf(process.execPath, ['-e', '0'], alone.env),
    wire: () => wireOf(alone),
    watched: () => wireOf(watched),
    async handed() {
      pointAway(cloud)
      return timeOf(served.bin, ['notify', 'INSTANCE', 'VI_1', 'BACKUP', '150'], served.env)
    },
  })
  await stop(daemon)
  await cloud.endpoint.close()
  const wire = found.wire / found.node
  const handed = found.handed / found.node
  return {
    name: 'A hook',
    rows: [
      { what: '`node -e 0`, start to exit', target: '', measured: ms(found.node), isMet: undefined },
      {
        what: 'hook without a daemon: process start → request on the wire',
        target: '≤ 2.2 × `node -e 0`',
        measured: `${times(wire)} (${ms(found.wire)})`,
        isMet: wire <= 2.2,
      },
      {
        what: 'hook with a daemon: start → handed over and exit',
        target: '≤ 1.4 × `node -e 0`',
        measured: `${times(handed)} (${ms(found.handed)})`,
        isMet: handed <= 1.4,
      },
    ],
    notes: [...coldHookNotes(marks), ''],
  }
}

/** Whether a program is installed. */
export function isInstalled(program: string, asked = '--version'): boolean {
  return spawnSync(program, [asked], { stdio: 'ignore' }).status === 0
}

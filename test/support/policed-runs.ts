/** Everything that is run with the policy enforced: a new command of the program is a line here. */
import { mkdtemp, open } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { vi } from 'vitest'
import type { RequestRecord } from '../../src/lab/ec2/dispatch.ts'
import { PROGRAM, type Run } from './cli.ts'
import type { Policed } from './policed.ts'

export type PolicedRun = {
  /** Of the program, as it is typed: `config check`. */
  readonly command: string
  readonly args: readonly string[]
  /** Otherwise than by running the program to its end. */
  readonly by?: (policed: Policed) => Promise<Run>
}

const run = (command: string, ...args: string[]): PolicedRun => ({ command, args })

/** A new MASTER whose routes are partly missing. */
const master = (command: string, ...args: string[]): PolicedRun => ({
  ...run(command, ...args),
  by(policed) {
    policed.forgetMissing()
    return policed.run(command, ...args)
  },
})

const NEW_NODE = ['--cluster', 'db', '-r', 'all', '-v', '10.99.0.30', '--peer', 'db-2', '--priority', '150']

/** In an order in which each does what it is for; the quick ones first. */
export const RUNS: readonly PolicedRun[] = [
  run('list'),
  run('status'),
  master('switch', 'VI_1', '--dry-run'),
  master('switch', 'VI_1', '--to', 'db-2', '-f'),
  run('switch', 'VI_1', '--to', '10.0.1.11', '-f', '--pin', '1m'),
  run('pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f'),
  run('unpin', 'VI_1'),
  run('pin', 'VI_2', '--for', '30m', '-f'),
  run('unpin', 'VI_2'),
  run('switch', '-r', 'private-c', '-v', '10.99.0.10', '-I', 'db-2', '-f'),
  run('keepalived-config', '--interface', 'eth0'),
  { ...run('config check'), by: (policed) => policed.run('config', 'check') },
  { ...run('init', ...NEW_NODE), by: newNode },
  run('reconcile', '--once'),
  run('notify', 'INSTANCE', 'VI_1', 'BACKUP', '150'),
  run('notify', 'INSTANCE', 'VI_1', 'FAULT', '150'),
  run('notify', 'INSTANCE', 'VI_1', 'STOP', '150'),
  { ...run('reconcile'), by: daemon },
  master('notify', 'INSTANCE', 'VI_1', 'MASTER', '150'),
  run('notify', 'INSTANCE', 'VI_2', 'MASTER_RX_LOWER_PRI', '150'),
  run('metrics', '--format', 'prometheus'),
  run('history'),
  // At last all is well.
  run('check'),
  { ...run('doctor'), by: doctor },
]

/** It warns of what this pair lacks, which is no denial. */
async function doctor(policed: Policed): Promise<Run> {
  const { exitCode, ...said } = await policed.run('doctor')
  return { ...said, exitCode: exitCode === 3 ? 0 : exitCode }
}

/** Commands that ask nothing of EC2, or of no EC2 but their own. */
export const OFFLINE = [
  'config show',
  'config schema',
  'config instances',
  'config nodes',
  'config tables',
  'iam-policy',
  'completion',
  'manual',
  'version',
  'lab ec2',
  'lab simulate-keepalived',
]

/** The files are new for each. */
async function newNode({ directory, role, run }: Policed): Promise<Run> {
  const files = await mkdtemp(join(directory, 'new-'))
  const own = ['--interface', 'eth0', '--source', '10.0.1.11', '--directory', files]
  return run('init', ...NEW_NODE, ...own, ...(role ? ['--assume-role', role] : []))
}

/** The daemon publishes what it finds, and takes the routes when the FIFO says that it is MASTER. */
async function daemon({ endpoint, directory, env, forgetMissing }: Policed): Promise<Run> {
  forgetMissing()
  const before = endpoint.requests.length
  const child = execa(PROGRAM, ['reconcile'], { env, extendEnv: false, reject: false, stdin: 'ignore' })
  const asksFor = (...actions: string[]) =>
    vi.waitFor(() => expectAll(endpoint.requests.slice(before), actions), { timeout: 10_000 })
  try {
    await asksFor('CreateTags', 'DescribeRouteTables')
    // Held open, as keepalived holds it: a writer that goes is a reason to ask keepalived, which is not there.
    const fifo = await open(join(directory, 'notify.fifo'), 'a')
    await fifo.appendFile('INSTANCE "VI_1" MASTER 150\n')
    await asksFor('ReplaceRoute', 'CreateRoute').finally(() => fifo.close())
  } finally {
    child.kill('SIGTERM')
  }
  const { exitCode, stdout, stderr } = await child
  return { exitCode, stdout, stderr }
}

function expectAll(asked: readonly RequestRecord[], wanted: readonly string[]): void {
  for (const action of wanted)
    if (!asked.some((request) => request.action === action)) throw new Error(`the daemon has not asked for ${action}`)
}

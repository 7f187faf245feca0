/** A node for the bench: the built program with a config, isolated from this machine's settings. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askStatus, type DaemonAnswer, type InstanceStatus } from '../src/agent/control/status.ts'
import type { Cloud } from './cloud.ts'

export type BenchNode = {
  readonly directory: string
  readonly env: NodeJS.ProcessEnv
  readonly bin: string
  readonly names: readonly string[]
  readonly fifo: string
}

export type NodeOptions = {
  readonly root: string
  readonly directory: string
  readonly cloud: Cloud
  /** VIPs by VRRP instance. */
  readonly instances: Readonly<Record<string, readonly string[]>>
  /** Tables of each VRRP instance; default: all in the cloud. */
  readonly tablesOf?: (instance: string) => readonly string[]
  readonly config?: object
  readonly url?: string
  readonly env?: NodeJS.ProcessEnv
}

export function makeNode(options: NodeOptions): BenchNode {
  const { root, directory, cloud, instances, tablesOf = () => cloud.tables, config, url, env } = options
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(join(directory, 'state'), { recursive: true })
  const fifo = join(directory, 'notify.fifo')
  const pidFile = join(directory, 'keepalived.pid')
  writeFileSync(pidFile, 'none')
  const managed = Object.entries(instances).map(([name, vips]) => [name, { vips, routeTables: tablesOf(name) }])
  const file = {
    ...{ cluster: 'db', region: 'ap-northeast-1', eni: cloud.eni, control: join(directory, 'control.sock') },
    keepalived: { fifo, pidFile },
    ...config,
    instances: Object.fromEntries(managed),
  }
  // One key per line, as people write it.
  const lines = Object.entries(file).map(([key, value]) =>
    typeof value === 'string' ? `${key}: ${value}\n` : `${key}: ${JSON.stringify(value)}\n`,
  )
  writeFileSync(join(directory, 'config.yaml'), lines.join(''))
  return {
    directory,
    fifo,
    names: Object.keys(instances),
    bin: join(root, 'bin/vip-switch'),
    // Among others without NODE_EXTRA_CA_CERTS, which costs Node 20 some 40 ms per start.
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9',
      AWS_ENDPOINT_URL: url ?? cloud.endpoint.url,
      AWS_REGION: 'ap-northeast-1',
      AWS_DEFAULT_REGION: 'ap-northeast-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      VIP_SWITCH_CONFIG: join(directory, 'config.yaml'),
      RUNTIME_DIRECTORY: join(directory, 'state'),
      STATE_DIRECTORY: join(directory, 'state'),
      ...env,
    },
  }
}

/** Starts a hook as keepalived does. Earlier events are forgotten: the third edge within a minute would be held. */
export function startHook({ bin, env, directory }: BenchNode, state = 'MASTER'): ChildProcess {
  rmSync(join(directory, 'state/VI_1.events'), { recursive: true, force: true })
  return spawn(bin, ['notify', 'INSTANCE', 'VI_1', state, '150'], { env, stdio: 'ignore' })
}

/** Starts a daemon, makes it BACKUP, and waits until it has read everything once. */
export async function startDaemon(node: BenchNode, cloud: Cloud): Promise<ChildProcess> {
  const { bin, env, fifo, directory } = node
  // A previous daemon's FIFO: writing to it without a reader would block.
  rmSync(fifo, { force: true })
  const daemon = spawn(bin, ['reconcile', '--state-dir', join(directory, 'state')], { env, stdio: 'ignore' })
  const ended = once(daemon, 'exit').then(() => {
    throw new Error('the daemon ended')
  })
  ended.catch(() => {})
  const until = async (isSo: (answer: DaemonAnswer) => boolean) => {
    while (!isSo(await askStatus(join(directory, 'control.sock')))) await Promise.race([sleep(20), ended])
  }
  // Lines in the FIFO before the daemon is up do not count as news.
  await until(({ kind }) => kind === 'up')
  tell(node, 'BACKUP')
  await until((answer) => answer.kind === 'up' && answer.status.instances.every(isReadyBackup))
  await sleep(cloud.delay + 300)
  return daemon
}

const isReadyBackup = ({ claim, readAgeMs }: InstanceStatus) => claim.state === 'BACKUP' && readAgeMs !== null

export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

/** Writes to the FIFO as keepalived does; all names in one write, so that the reader gets one chunk. */
export function tell({ fifo, names }: BenchNode, state: string, priority = 150): void {
  appendFileSync(fifo, names.map((name) => `INSTANCE "${name}" ${state} ${priority}\n`).join(''))
}

/** Milliseconds from a program's start to its exit. */
export async function timeOf(program: string, values: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const start = performance.now()
  const child = spawn(program, values, { env, stdio: 'ignore' })
  await once(child, 'exit')
  return performance.now() - start
}

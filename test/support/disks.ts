/** State directories on disks of the test's own, in a mount namespace. */
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import { type LoggedProcess, startLogged } from '../../src/lab/logged-process.ts'
import { environmentFor, logLines, PROGRAM, type Run } from './cli.ts'
import { directory, endpoint } from './endpoint.ts'

/** What a disk is like, mounted at `$1`. */
export const DISKS = {
  'a full disk': 'mount -t tmpfs -o size=16k,mode=755 tmpfs "$1"; yes > "$1/filler" 2>/dev/null || true',
  'a disk without inodes': 'mount -t tmpfs -o nr_inodes=1,mode=755 tmpfs "$1"',
  'a read-only disk': 'mount -t tmpfs -o ro,mode=755 tmpfs "$1"',
  'no directory': 'mount -t tmpfs -o ro,mode=755 tmpfs "$(dirname "$1")"',
} as const

export type Disk = keyof typeof DISKS

export const inStateOf = (...path: string[]) => join(directory, 'mounts/state', ...path)

/** Where what is mounted is seen by what is run there alone. */
export type Mounts = {
  mount(disk: Disk): Promise<void>
  unmount(): Promise<void>
  start(...values: readonly string[]): Promise<LoggedProcess>
  run(...values: readonly string[]): Promise<Run>
}

export async function openMounts(): Promise<Mounts> {
  const holder = await startLogged(
    ['unshare', '--mount', 'sh', '-ec', 'mkdir -p "$1"; echo up; exec sleep infinity', 'sh', inStateOf()],
    { PATH: process.env.PATH },
  )
  onTestFinished(holder.kill)
  await holder.line(/^up$/)
  const entered = ['nsenter', '--target', `${holder.pid}`, '--mount']
  const commandOf = (values: readonly string[]) => [
    ...[...entered, PROGRAM, ...values],
    ...['--config', join(directory, 'config.yaml'), '--state-dir', inStateOf()],
  ]
  async function sh(line: string): Promise<void> {
    await execa('nsenter', [...entered.slice(1), 'sh', '-ec', line, 'sh', inStateOf()])
  }
  return {
    mount: (disk) => sh(DISKS[disk]),
    unmount: () => sh('umount "$1" 2>/dev/null || umount "$(dirname "$1")"'),
    async start(...values) {
      const started = await startLogged(commandOf(values), environmentFor(endpoint))
      onTestFinished(started.kill)
      return started
    },
    async run(...values) {
      const [file = '', ...rest] = commandOf(values)
      const { exitCode, stdout, stderr } = await execa(file, rest, {
        ...{ env: environmentFor(endpoint), extendEnv: false, reject: false, stdin: 'ignore' },
      })
      return { exitCode, stdout, stderr }
    },
  }
}

/** What a daemon has logged so far. */
export function logOf({ lines }: LoggedProcess): Record<string, unknown>[] {
  return logLines({ stderr: lines.map(({ text }) => text).join('\n') })
}

/** Root's daemon, and hooks of keepalived's script user beside it, with one state directory. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import { signalIfAlive } from '../../src/lab/cleanup.ts'
import { type LoggedProcess, startLogged } from '../../src/lab/logged-process.ts'
import { copyProgram, environmentFor } from './cli.ts'
import { inDirectory, writeDaemonConfig } from './daemon.ts'
import { directory, endpoint } from './endpoint.ts'

export type User = { readonly uid: number; readonly gid: number }

/** Nobody needs to know them. */
export const SCRIPT_USER: User = { uid: 64_000, gid: 64_000 }
/** Of the same group, as a monitoring agent may be that asks the daemon. */
export const MEMBER: User = { uid: 64_001, gid: SCRIPT_USER.gid }
export const ROOT: User = { uid: 0, gid: 0 }

export const inState = (...path: string[]) => join(directory, 'run/vip-switch', ...path)

/** The state directory, as it is found. */
export function makeState({ uid, gid }: User, mode: number): void {
  mkdirSync(inState(), { recursive: true })
  chownSync(inState(), uid, gid)
  chmodSync(inState(), mode)
}

/** As the preflight unit makes it. */
export function makeHooksDirectory(): void {
  makeState(ROOT, 0o755)
  mkdirSync(inState('hooks'), 0o755)
  chownSync(inState('hooks'), SCRIPT_USER.uid, SCRIPT_USER.gid)
}

/** Which tables are meant is kept in a view. */
const byNames = 'vips: [10.99.0.10], routeTables: [{ name: private-a }, { name: private-c }]'

/** Everything is where it is by default: in the state directory. */
export function writeStateConfig(): string {
  chmodSync(directory, 0o755)
  const keepalived = { fifo: inState('notify.fifo'), pidFile: inDirectory('keepalived.pid') }
  const hooks = 'master: { run: [/bin/true] }, backup: { run: [/bin/true] }'
  return writeDaemonConfig({ control: inState('control.sock'), keepalived }, `${byNames}, hooks: { ${hooks} }`)
}

/** Of the program as another user may see it. @param before a command that runs it */
function commandOf(values: readonly string[], before: readonly string[]): string[] {
  const program = inDirectory('program/bin/vip-switch')
  if (!existsSync(program)) copyProgram(inDirectory('program'))
  return [...before, program, ...values, '--config', inDirectory('config.yaml'), '--state-dir', inState()]
}

/** As its unit runs it: root, of the script user's group. It is ended when the test ends. */
export async function startRootDaemon(
  before: readonly string[] = [],
): Promise<LoggedProcess & { stop(): Promise<void> }> {
  const asRoot = ['setpriv', `--regid=${SCRIPT_USER.gid}`, '--clear-groups']
  const daemon = await startLogged(commandOf(['reconcile'], [...before, ...asRoot]), environmentFor(endpoint))
  onTestFinished(daemon.kill)
  async function stop(): Promise<void> {
    const { text } = await daemon.line(/"pid":\d+/)
    signalIfAlive(Number(/"pid":(\d+)/.exec(text)?.[1]), 'SIGTERM')
    await daemon.exited
  }
  return { ...daemon, stop }
}

/** As keepalived runs it, which gives its scripts /dev/null. */
export async function runHook(
  { uid, gid }: User,
  event: readonly string[],
  before: readonly string[] = [],
): Promise<number> {
  const [file = '', ...values] = commandOf(['notify', ...event], before)
  const env = environmentFor(endpoint)
  const options = { env, extendEnv: false, stdio: 'ignore', reject: false, cwd: '/', uid, gid } as const
  return (await execa(file, values, options)).exitCode ?? -1
}

/** Everything below a directory: of each its type, mode, owner and content. */
export function contentsOf(path: string): Record<string, string> {
  const entries = readdirSync(path, { withFileTypes: true, recursive: true }).map((entry) => {
    const file = join(entry.parentPath, entry.name)
    const { mode, uid, gid } = lstatSync(file)
    const content = entry.isFile() ? readFileSync(file, 'utf8') : entry.isSymbolicLink() ? readlinkSync(file) : ''
    return [file.slice(path.length + 1), `${mode.toString(8)} ${uid}:${gid} ${content}`] as const
  })
  return Object.fromEntries(entries)
}

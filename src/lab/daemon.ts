/** `vip-switch reconcile` on one node of a lab. */
import { join } from 'node:path'
import * as z from 'zod'
import { signalIfAlive } from './cleanup.ts'
import { configOf, stateOf } from './hook.ts'
import { type LoggedProcess, startLogged } from './logged-process.ts'
import { inNamespace } from './network.ts'

/** What the lab reads in a line of the daemon's log. */
const logLine = z.looseObject({
  /** pino's number of it: 30 is info, 40 a warning, 50 an error. */
  level: z.number(),
  msg: z.string().default(''),
})

export type DaemonLogLine = z.infer<typeof logLine> & {
  /** When it came, in milliseconds since the epoch. */
  readonly at: number
}

export type Daemon = {
  readonly process: LoggedProcess
  log(): DaemonLogLine[]
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
  /** Has it end by SIGTERM. */
  stop(): Promise<void>
}

export const fifoOf = (directory: string) => join(directory, 'notify.fifo')
export const controlOf = (directory: string) => join(directory, 'control.sock')

/** What a node's config says for its daemon: everything of it is in the node's directory. */
export function daemonSettings(directory: string, interval: string): object {
  return {
    interval,
    keepalived: { fifo: fifoOf(directory), pidFile: join(directory, 'keepalived.pid') },
    control: controlOf(directory),
  }
}

/**
 * Starts the daemon of a node in its namespace, with the config that the node's hook has, and waits until it takes part.
 * @throws an error that holds its output if it does not
 */
export async function startDaemon(options: {
  bin: string
  namespace: string
  directory: string
  env: NodeJS.ProcessEnv
}): Promise<Daemon> {
  const { bin, namespace, directory, env } = options
  const place = ['--config', configOf(directory), '--state-dir', stateOf(directory)]
  const child = await startLogged(inNamespace(namespace, [process.execPath, bin, 'reconcile', ...place]), env)
  await child.line(/"msg":"started"/)
  return {
    process: child,
    log: () =>
      child.lines.flatMap(({ at, text }) => (isWhole(text) ? [{ ...logLine.parse(JSON.parse(text)), at }] : [])),
    async kill() {
      child.kill()
      await child.exited
    },
    async stop() {
      signalIfAlive(child.pid, 'SIGTERM')
      await child.exited
    },
  }
}

const isWhole = (text: string) => text.startsWith('{') && text.endsWith('}')

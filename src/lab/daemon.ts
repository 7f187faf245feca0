/** `vip-switch reconcile` on one node of a lab. */
import { join } from 'node:path'
import * as z from 'zod'
import { signalIfAlive } from './cleanup.ts'
import { configOf, stateOf } from './hook.ts'
import { pidFileIn } from './keepalived.ts'
import { type LoggedProcess, type LogLine, startLogged } from './logged-process.ts'
import type { LabNode } from './scene.ts'
import type { Site } from './site.ts'

/** The fields of a log line that the lab reads. */
const logLine = z.looseObject({
  /** pino's level: 30 info, 40 warning, 50 error. */
  level: z.number(),
  msg: z.string().default(''),
  /** Both are in a decision. */
  condition: z.string().optional(),
  action: z.string().optional(),
})

export type DaemonLogLine = z.infer<typeof logLine> & {
  /** When it was read, in milliseconds since the epoch. */
  readonly at: number
}

export type Daemon = {
  readonly process: LoggedProcess
  /** Waits until it has started. @throws an error with its output if it does not start */
  started(): Promise<void>
  log(): DaemonLogLine[]
  /** Kills it with SIGKILL. */
  kill(): Promise<void>
  /** Stops it with SIGTERM. */
  stop(): Promise<void>
}

export const fifoOf = (directory: string) => join(directory, 'notify.fifo')
export const controlOf = (directory: string) => join(directory, 'control.sock')

/** Config for a node's daemon: all its files are in the node's directory. */
export function daemonSettings(directory: string, interval: string): object {
  return {
    interval,
    keepalived: { fifo: fifoOf(directory), pidFile: pidFileIn(directory) },
    control: controlOf(directory),
  }
}

/** Starts the process of a node's daemon, with the same config as the hook. */
export async function launchDaemon(options: {
  site: Site
  node: LabNode
  directory: string
  env: NodeJS.ProcessEnv
}): Promise<Daemon> {
  const { site, node, directory, env } = options
  const place = ['--config', configOf(directory), '--state-dir', stateOf(directory)]
  const child = await startLogged(site.command(node, [process.execPath, site.bin, 'reconcile', ...place]), env)
  return {
    process: child,
    async started() {
      await child.line(/"msg":"started"/)
    },
    log: () => child.lines.flatMap((line) => parseDaemonLine(line) ?? []),
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

/** Undefined for what is not a line of the daemon's log. */
export function parseDaemonLine({ at, text }: LogLine): DaemonLogLine | undefined {
  return text.startsWith('{') && text.endsWith('}') ? { ...logLine.parse(JSON.parse(text)), at } : undefined
}

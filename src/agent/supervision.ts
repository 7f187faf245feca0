/** What the service manager is told (sd_notify(3)). */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'

const run = promisify(execFile)

export type Supervision = {
  ready(status: string): Promise<void>
  reloading(): Promise<void>
  stopping(): Promise<void>
  stop(): void
}

/**
 * Under systemd: ready, status and the watchdog's sign of life. Node has no datagram sockets of the unix family, so
 * systemd's own program speaks for us (NotifyAccess=all).
 * @param isAlive asked before every sign of life; where it says no, none is given, and systemd starts the daemon anew
 */
export function superviseBySystemd(isAlive: () => boolean, log: Logger): Supervision {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdog } = process.env
  const tell = async (...states: string[]) => {
    if (!socket) return
    await run('systemd-notify', states).catch((error: unknown) => log.warn(`systemd is not told: ${messageOf(error)}`))
  }
  const everyMs = Number(watchdog) / 1000 / 2
  const timer = everyMs > 0 ? setInterval(() => void (isAlive() && tell('WATCHDOG=1')), everyMs) : undefined
  return {
    ready: (status) => tell('--ready', `--status=${status}`),
    reloading: () => tell('RELOADING=1'),
    stopping: () => tell('STOPPING=1'),
    stop: () => clearInterval(timer),
  }
}

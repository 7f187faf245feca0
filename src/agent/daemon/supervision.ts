/** What the service manager is told (sd_notify(3)). */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'

const run = promisify(execFile)

/** systemd-notify waits until systemd has taken the message, for as long as this (sd_notify_barrier(3)). Milliseconds. */
const LONGEST_MS = 5000
/** The end waits for nobody. */
const LONGEST_FAREWELL_MS = 500

export type Supervision = {
  ready(status: string): Promise<void>
  /** What is told of a daemon that is ready. */
  status(status: string): Promise<void>
  reloading(): Promise<void>
  /** The last that is said: no sign of life follows. */
  stopping(): Promise<void>
}

/**
 * Under systemd: ready, status and the watchdog's sign of life. Node has no datagram sockets of the unix family, so
 * systemd's own program speaks for us: a child, which the unit must permit (NotifyAccess=all).
 * @param isAlive asked before every sign of life; where it says no, none is given, and systemd starts the daemon anew
 */
export function superviseBySystemd(isAlive: () => boolean, log: Log): Supervision {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdog } = process.env
  async function say(states: readonly string[], timeout: number): Promise<void> {
    if (!socket) return
    await run('systemd-notify', states, { timeout }).catch((error: unknown) => {
      log.warn(`systemd is not told ${states.join(' ')}: ${messageOf(error)}`)
    })
  }
  /** One after the other: a process that overtakes another would have systemd wait for what has been said before. */
  let said: Promise<void> = Promise.resolve()
  function tell(...states: string[]): Promise<void> {
    said = said.then(() => say(states, LONGEST_MS))
    return said
  }

  // sd_watchdog_enabled(3) recommends half of the time.
  const everyMs = Number(watchdog) / 1000 / 2
  const timer = everyMs > 0 ? setInterval(() => void (isAlive() && tell('WATCHDOG=1')), everyMs) : undefined
  return {
    ready: (status) => tell('--ready', `--status=${lineOf(status)}`),
    status: (status) => tell(`--status=${lineOf(status)}`),
    reloading: () => tell('RELOADING=1'),
    stopping() {
      clearInterval(timer)
      return say(['STOPPING=1'], LONGEST_FAREWELL_MS)
    },
  }
}

/** A message is lines of assignments, and the reason of a rejected config has several lines. */
function lineOf(status: string): string {
  return status.replaceAll(/\s+/g, ' ')
}

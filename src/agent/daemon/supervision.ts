/** Notifications to the service manager (sd_notify(3)). */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'

const run = promisify(execFile)

/** Milliseconds for which systemd-notify may wait until systemd has taken the message (sd_notify_barrier(3)). */
const LONGEST_MS = 5000
/** A daemon that stops waits no longer than this. */
const LONGEST_FAREWELL_MS = 500

export type Supervision = {
  ready(status: string): Promise<void>
  /** Updates the status of a daemon that is ready. */
  status(status: string): Promise<void>
  reloading(): Promise<void>
  /** The last message: no watchdog ping follows. */
  stopping(): Promise<void>
}

/**
 * Under systemd: readiness, status and watchdog pings. Node has no unix datagram sockets, so systemd-notify speaks for us:
 * a child, which the unit must permit (NotifyAccess=all).
 * @param isAlive asked before every ping; if it returns false, no ping is sent, and systemd restarts the daemon
 */
export function superviseBySystemd(isAlive: () => boolean, log: Log): Supervision {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdog } = process.env
  async function say(states: readonly string[], timeout: number): Promise<void> {
    if (!socket) return
    await run('systemd-notify', states, { timeout }).catch((error: unknown) => {
      log.warn(`cannot notify systemd of ${states.join(' ')}: ${messageOf(error)}`)
    })
  }
  /** One at a time: messages that overtake each other would leave systemd with a stale state. */
  let said: Promise<void> = Promise.resolve()
  function tell(...states: string[]): Promise<void> {
    said = said.then(() => say(states, LONGEST_MS))
    return said
  }

  // sd_watchdog_enabled(3) recommends half the timeout.
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

/** A message consists of lines of assignments, but the reason for a rejected config may span several lines. */
function lineOf(status: string): string {
  return status.replaceAll(/\s+/g, ' ')
}

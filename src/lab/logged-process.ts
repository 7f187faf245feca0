import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import { atEnd, signalIfAlive } from './cleanup.ts'

export type LogLine = {
  /** When it was read, in milliseconds since the epoch. */
  readonly at: number
  readonly text: string
}

/** A long-running child process whose output is kept, line by line. */
export type LoggedProcess = {
  readonly pid: number
  readonly lines: readonly LogLine[]
  /** Resolves once the process has ended and its output is read. */
  readonly exited: Promise<void>
  hasEnded(): boolean
  /** Signals the process and its process group. */
  signal(signal: NodeJS.Signals): void
  /** Kills the process and its process group. */
  kill(): void
  /**
   * Waits for the first line that matches.
   * @throws an error with the last lines if it does not appear within ten seconds or before the process ends
   */
  line(pattern: RegExp): Promise<LogLine>
}

const LINE_DEADLINE_MS = 10_000

/**
 * Starts a command in its own process group, so that Ctrl-C reaches only the caller; the group is killed when the
 * caller ends.
 * @throws if the command cannot be started
 */
export async function startLogged(command: readonly string[], env: NodeJS.ProcessEnv): Promise<LoggedProcess> {
  const [file = '', ...rest] = command
  const child = spawn(file, rest, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: LogLine[] = []
  const events = new EventEmitter()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (text) => {
      lines.push({ at: Date.now(), text })
      events.emit('change')
    })
  }
  let ended = false
  const exited = once(child, 'close').then(() => {
    ended = true
    kill()
    events.emit('change')
  })
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  const kill = atEnd(() => signalIfAlive(-pid, 'SIGKILL'))

  async function line(pattern: RegExp): Promise<LogLine> {
    const late = AbortSignal.timeout(LINE_DEADLINE_MS)
    for (;;) {
      const found = lines.find(({ text }) => pattern.test(text))
      if (found) return found
      if (ended || late.aborted) {
        const what = ended ? 'it ended' : `${LINE_DEADLINE_MS / 1000} s passed`
        throw new Error(`${what} without a line matching ${pattern}: ${command.join(' ')}\n${tail(lines)}`)
      }
      await once(events, 'change', { signal: late }).catch(() => undefined)
    }
  }
  return { pid, lines, exited, hasEnded: () => ended, signal: (signal) => signalIfAlive(-pid, signal), kill, line }
}

/** The last lines, for a failure report. */
export function tail(lines: readonly LogLine[], count = 20): string {
  return lines
    .slice(-count)
    .map(({ at, text }) => `${new Date(at).toISOString()} ${text}`)
    .join('\n')
}

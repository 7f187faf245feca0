/** A user's command run after a transition: limited in time, and ended with all that it has started. */
import { execa } from 'execa'
import type { TransitionHook } from '../../config/transition-hooks.ts'
import { type Clock, deadline } from '../../platform/clock.ts'
import { endGroup } from './process-group.ts'

export type TransitionHookResult = {
  /** `ended`: it was no longer wanted. */
  readonly outcome: 'done' | 'failed' | 'timeout' | 'ended'
  /** For people. */
  readonly detail: string
  readonly exitCode: number | undefined
  /** Milliseconds. */
  readonly ms: number
  /** The end of its stdout and stderr. */
  readonly output: string
}

/** Milliseconds to drain the pipes, which a process that has left the group may hold open. */
const DRAIN = 200
const OUTPUT_LENGTH = 2000

/** systemd's variables for the daemon are withheld from hooks, which could speak to systemd in the daemon's name. */
const KEPT_BACK = { NOTIFY_SOCKET: undefined, WATCHDOG_USEC: undefined, WATCHDOG_PID: undefined }

const NEVER = new AbortController().signal

/**
 * Runs a hook, without a shell and in its own process group. When the program has ended, timed out or is no longer wanted,
 * the rest of the group is ended, too. Never rejects on a failing hook: the result tells.
 */
export async function runTransitionHook(
  { run, timeout }: TransitionHook,
  facts: Readonly<Record<string, string>>,
  { signal, clock, onStart }: { signal: AbortSignal; clock: Clock; onStart: (pid: number) => void },
): Promise<TransitionHookResult> {
  const [program, ...words] = run
  const start = clock.now()
  const late = deadline(timeout)
  const child = execa(program, words, {
    env: { ...facts, ...KEPT_BACK },
    cwd: '/',
    detached: true,
    stdin: 'ignore',
    buffer: false,
    reject: false,
  })
  if (child.pid !== undefined) onStart(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(-OUTPUT_LENGTH)
    })
  }

  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    AbortSignal.any([signal, late]).addEventListener('abort', () => resolve())
    // It settles without an exit event if the program could not be started.
    child.finally(resolve)
  })
  const isEnded = signal.aborted
  const isLate = late.aborted
  const ms = Math.round(clock.now() - start)
  if (child.pid !== undefined) await endGroup(child.pid, clock)
  const result = await Promise.race([child, clock.sleep(DRAIN, NEVER)])
  child.stdout.destroy()
  child.stderr.destroy()

  // Node gives a negative exit code if the program could not be started.
  const exitCode = child.exitCode !== null && child.exitCode >= 0 ? child.exitCode : undefined
  const base = { exitCode, ms, output: output.trim() }
  if (isEnded) return { ...base, outcome: 'ended', detail: 'no longer wanted' }
  if (isLate) return { ...base, outcome: 'timeout', detail: `not done within ${timeout / 1000} s` }
  if (exitCode === 0) return { ...base, outcome: 'done', detail: 'done' }
  const how = child.signalCode ? `killed by ${child.signalCode}` : `exit code ${exitCode}`
  return { ...base, outcome: 'failed', detail: result?.originalMessage ?? how }
}

/** One command that a user has run after a transition: bounded in time, and ended with all that it has started. */
import { execa } from 'execa'
import type { TransitionHook } from '../../config/schema.ts'
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
  /** The end of what it wrote to stdout and stderr. */
  readonly output: string
}

/** Milliseconds: what was written just before the end is still in the pipe, which one who has left the group may hold open. */
const DRAIN = 200
const OUTPUT_LENGTH = 2000

/** What systemd has told the daemon is not for its hooks: they would speak to systemd in the daemon's name. */
const KEPT_BACK = { NOTIFY_SOCKET: undefined, WATCHDOG_USEC: undefined, WATCHDOG_PID: undefined }

const NEVER = new AbortController().signal

/**
 * Runs a hook, without a shell and in a process group of its own. When the program has ended, is late or is no longer
 * wanted, what is left of the group is ended, too; then there is a result, whatever it was.
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
    // It settles without an exit where there was nothing to start.
    child.finally(resolve)
  })
  const isEnded = signal.aborted
  const isLate = late.aborted
  const ms = Math.round(clock.now() - start)
  if (child.pid !== undefined) await endGroup(child.pid, clock)
  const result = await Promise.race([child, clock.sleep(DRAIN, NEVER)])
  child.stdout.destroy()
  child.stderr.destroy()

  // Node's exit code of what could not be started is negative.
  const exitCode = child.exitCode !== null && child.exitCode >= 0 ? child.exitCode : undefined
  const base = { exitCode, ms, output: output.trim() }
  if (isEnded) return { ...base, outcome: 'ended', detail: 'no longer wanted' }
  if (isLate) return { ...base, outcome: 'timeout', detail: `not done within ${timeout / 1000} s` }
  if (exitCode === 0) return { ...base, outcome: 'done', detail: 'done' }
  const how = child.signalCode ? `killed by ${child.signalCode}` : `exit code ${exitCode}`
  return { ...base, outcome: 'failed', detail: result?.originalMessage ?? how }
}

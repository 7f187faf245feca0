/** What a lab makes outside its process is removed at its end, however it ends. */
import { codeOf, messageOf } from '../platform/errors.ts'

const pending = new Set<() => void>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Has `dispose` run when the process exits, throws or is interrupted, the last one first. It must be synchronous: an
 * exiting process waits for nothing. Returns a function that runs it now, and never again.
 */
export function atEnd(dispose: () => void): () => void {
  if (pending.size === 0) watch()
  pending.add(dispose)
  return () => {
    if (pending.delete(dispose)) dispose()
    if (pending.size === 0) unwatch()
  }
}

/** Whether a process of that id is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** Sends a signal to a process that may have ended already; a negative id is a process group. */
export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

function watch(): void {
  process.on('exit', disposeAll)
  for (const signal of SIGNALS) process.on(signal, interrupted)
}

function unwatch(): void {
  process.off('exit', disposeAll)
  for (const signal of SIGNALS) process.off(signal, interrupted)
}

/** One that fails keeps none of the others from running. */
function disposeAll(): void {
  for (const dispose of [...pending].reverse()) {
    pending.delete(dispose)
    try {
      dispose()
    } catch (error) {
      process.stderr.write(`cleaning up: ${messageOf(error)}\n`)
    }
  }
}

/** Ends by the same signal, so that a shell sees what ended the program. */
function interrupted(signal: NodeJS.Signals): void {
  disposeAll()
  unwatch()
  process.kill(process.pid, signal)
}

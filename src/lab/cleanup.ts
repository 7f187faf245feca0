/** Removes everything a lab creates outside its process, however the lab ends. */
import { codeOf, messageOf } from '../platform/errors.ts'

const pending = new Set<() => void>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs `dispose` when the process exits, throws or is interrupted; last registered, first run. It must be synchronous,
 * as an exiting process does not wait. Returns a function that runs it now instead.
 */
export function atEnd(dispose: () => void): () => void {
  if (pending.size === 0) watch()
  pending.add(dispose)
  return () => {
    if (pending.delete(dispose)) dispose()
    if (pending.size === 0) unwatch()
  }
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** Signals a process that may have ended; a negative id is a process group. */
export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

/** Kills processes until none is listed, or two seconds have passed: one may fork while the list is read. */
export function killAll(list: () => readonly number[]): void {
  const deadline = performance.now() + 2000
  while (performance.now() < deadline) {
    const pids = list()
    if (pids.length === 0) return
    for (const pid of pids) signalIfAlive(pid, 'SIGKILL')
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

/** Runs all of them, even if one fails. */
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

/** Re-raises the signal, so that a shell sees what ended the program. */
function interrupted(signal: NodeJS.Signals): void {
  disposeAll()
  unwatch()
  process.kill(process.pid, signal)
}

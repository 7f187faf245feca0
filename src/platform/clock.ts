/** The only place that reads a clock or waits; tests inject their own. */
import { setMaxListeners } from 'node:events'
import { Failure } from './errors.ts'

export type Clock = {
  /** Milliseconds on a monotonic clock. */
  now(): number
  /** Milliseconds since the epoch, for people; never compared with another node's. */
  wall(): number
  /** Waits `ms` milliseconds. @throws the signal's reason as soon as it is aborted */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  async sleep(ms, signal) {
    signal.throwIfAborted()
    // Not Node's promisified timer: each abort would create an error with a stack trace that nobody sees.
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        reject(signal.reason)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', end)
        resolve()
      }, ms)
      signal.addEventListener('abort', end, { once: true })
    })
  },
}

/**
 * Abort reason for a wait that is no longer needed. Without a reason, each abort creates an error with a stack trace.
 */
export const UNWANTED = new Error('no longer wanted')

/** A signal that aborts after `ms` milliseconds with a Failure. It does not keep the process alive. */
export function deadline(ms: number): AbortSignal {
  return movableDeadline(ms).signal
}

export type MovableDeadline = {
  readonly signal: AbortSignal
  /** Extends the deadline to `ms` milliseconds after its start; never shortens it. */
  putOff(ms: number): void
}

/** @param reserveMs aborts this much earlier, to leave time for the remaining work */
export function movableDeadline(ms: number, reserveMs = 0): MovableDeadline {
  const controller = new AbortController()
  // Hundreds of calls may listen at once; that is not a leak.
  setMaxListeners(0, controller.signal)
  const start = performance.now()
  let length = ms
  const pass = () => controller.abort(new Failure('failed', `the deadline of ${length / 1000} s has passed`))
  let timer = setTimeout(pass, ms - reserveMs).unref()
  return {
    signal: controller.signal,
    putOff(later) {
      if (later <= length) return
      length = later
      clearTimeout(timer)
      timer = setTimeout(pass, start + length - reserveMs - performance.now()).unref()
    },
  }
}

/** The share of a deadline reserved for a last read of writes accepted late, and its upper limit. */
const LAST_LOOK_SHARE = 0.2
const LONGEST_LAST_LOOK_MS = 2000

/** How much of a deadline is reserved for a last read. Both in milliseconds. */
export function lastLookTime(deadlineMs: number): number {
  return Math.min(LONGEST_LAST_LOOK_MS, deadlineMs * LAST_LOOK_SHARE)
}

/** The only place that reads a clock or waits; tests hand in another one. */
import { setMaxListeners } from 'node:events'
import { Failure } from './errors.ts'

export type Clock = {
  /** Milliseconds on a clock that never jumps. */
  now(): number
  /** Milliseconds since the epoch, for people: never compared with another node's. */
  wall(): number
  /** Waits `ms` milliseconds. @throws the signal's reason as soon as it is aborted */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  async sleep(ms, signal) {
    signal.throwIfAborted()
    // Not Node's promise of a timer: each that is ended early makes an error with a stack trace, which nobody sees.
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

/** Ends a wait that nobody has an interest in any more. Without a reason, each abort makes an error with a stack trace. */
export const UNWANTED = new Error('no longer wanted')

/** A signal that is aborted in `ms` milliseconds, with a Failure that says so. It keeps no process alive. */
export function deadline(ms: number): AbortSignal {
  return movableDeadline(ms).signal
}

export type MovableDeadline = {
  readonly signal: AbortSignal
  /** Lets it come so many milliseconds after its beginning, unless it comes later than that already. */
  putOff(ms: number): void
}

/** @param reserveMs so much earlier it is aborted: what is left to be done then takes that long */
export function movableDeadline(ms: number, reserveMs = 0): MovableDeadline {
  const controller = new AbortController()
  // Every call of a command waits on it, hundreds at once: no leak.
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

/** Of a deadline, the part that is kept for a last look at what was accepted late, and the most that this takes. */
const LAST_LOOK_SHARE = 0.2
const LONGEST_LAST_LOOK_MS = 2000

/** How much of a deadline is kept for a last look. Both in milliseconds. */
export function lastLookTime(deadlineMs: number): number {
  return Math.min(LONGEST_LAST_LOOK_MS, deadlineMs * LAST_LOOK_SHARE)
}

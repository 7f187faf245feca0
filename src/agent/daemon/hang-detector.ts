/** Detects work that never ends: every call has timeouts, but a missing one would leave the daemon deaf. */
import type { Clock } from '../../platform/clock.ts'

/** Longer than any call's timeouts allow, and than systemd lets the daemon stand still (WatchdogSec). */
const LONGEST_MS = 60_000

export type HangDetector = {
  /** Watches the work until it settles; returns a promise of its result. */
  follow<Value>(work: Promise<Value>): Promise<Value>
  /** Whether some work has been running for too long. */
  hangs(): boolean
}

export function createHangDetector(clock: Clock): HangDetector {
  const begun = new Map<Promise<unknown>, number>()
  return {
    follow(work) {
      begun.set(work, clock.now())
      return work.finally(() => begun.delete(work))
    },
    hangs: () => [...begun.values()].some((at) => clock.now() - at > LONGEST_MS),
  }
}

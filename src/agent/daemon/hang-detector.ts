/** Notices work that does not end: each call has its time-outs, but one that is missed would leave the daemon deaf. */
import type { Clock } from '../../platform/clock.ts'

/** Longer than any call takes by its time-outs, and than systemd lets the daemon stand still (WatchdogSec). */
const LONGEST_MS = 60_000

export type HangDetector = {
  /** Watches the work until it ends; returns it. */
  follow<Value>(work: Promise<Value>): Promise<Value>
  /** Whether something is under way that will not end. */
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

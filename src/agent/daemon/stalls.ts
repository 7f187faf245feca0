/** Notices that this process was not run: its machine was frozen, or its CPU was given to others. */
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'

const LOOK_MS = 250
/** Shorter ones are the daily life of a virtual machine, and no flap. */
const LONGEST_MS = 1000

/**
 * Looks until it is stopped, which the returned function does.
 * @param worked for how long this process has been run so far, in milliseconds of CPU
 */
export function watchStalls(clock: Pick<Clock, 'now'>, log: Log, worked: () => number = cpuTime): () => void {
  let last = { at: clock.now(), worked: worked() }
  const timer = setInterval(() => {
    const now = { at: clock.now(), worked: worked() }
    // What it has worked meanwhile is no standstill.
    const stoodStill = now.at - last.at - LOOK_MS - (now.worked - last.worked)
    last = now
    if (stoodStill <= LONGEST_MS) return
    const seconds = (stoodStill / 1000).toFixed(1)
    log.warn(
      `this process was not run for ${seconds} s: its machine was frozen, or its CPU given to others; what happened meanwhile is learned now`,
    )
  }, LOOK_MS)
  return () => clearInterval(timer)
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

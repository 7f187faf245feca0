/** Detects that this process was not scheduled: its machine was frozen, or others had its CPU. */
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'

const LOOK_MS = 250
/** Shorter stalls are everyday life on a virtual machine. */
const LONGEST_MS = 1000

/**
 * Watches for stalls until the returned function is called.
 * @param worked CPU time that this process has used so far, in milliseconds
 */
export function watchStalls(clock: Pick<Clock, 'now'>, log: Log, worked: () => number = cpuTime): () => void {
  let last = { at: clock.now(), worked: worked() }
  const timer = setInterval(() => {
    const now = { at: clock.now(), worked: worked() }
    // Time spent working is not a stall.
    const stoodStill = now.at - last.at - LOOK_MS - (now.worked - last.worked)
    last = now
    if (stoodStill <= LONGEST_MS) return
    const seconds = (stoodStill / 1000).toFixed(1)
    log.warn(
      `this process did not run for ${seconds} s (machine frozen, or CPU taken by others); catching up on what was missed`,
    )
  }, LOOK_MS)
  return () => clearInterval(timer)
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

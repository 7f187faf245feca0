/** Watches for signs that keepalived has changed its state: its FIFO may be full, or be read by another process. */
import { amountWritten, hostAddresses, writersOf } from '../../adapters/keepalived/signs.ts'

/**
 * Milliseconds between looks: with the spacing of questions and keepalived's answer, a new MASTER is known within a second.
 * A look takes some 50 µs.
 */
const LOOK_MS = 250

export type SignWatch = {
  /** Asks again at the next look: changes of state come in bursts, and the next may have come with the answer. */
  askAgain(): void
  /**
   * To be called before keepalived is asked; the result, once it has answered. The answer settles the signs seen before,
   * and what keepalived has written since, which includes the answer itself.
   */
  ask(): (pid: number | undefined) => void
  stop(): void
}

/** @param onSign called after each change that no answer has settled, and once more after that */
export function watchSigns(fifo: string, onSign: () => void): SignWatch {
  let writers: readonly number[] = []
  let addresses = hostAddresses()
  let written = amountWritten(writers)
  let isToConfirm = false
  const timer = setInterval(() => {
    const before = addresses + written
    addresses = hostAddresses()
    written = amountWritten(writers)
    const hasChanged = addresses + written !== before
    if (hasChanged || isToConfirm) onSign()
    isToConfirm = hasChanged
  }, LOOK_MS)
  return {
    askAgain() {
      isToConfirm = true
    },
    ask() {
      const asked = hostAddresses()
      return (pid) => {
        writers = pid === undefined ? [] : writersIfKnown(pid, fifo)
        addresses = asked
        written = amountWritten(writers)
      }
    },
    stop: () => clearInterval(timer),
  }
}

/** None if keepalived may not be inspected: then its addresses alone tell. */
function writersIfKnown(pid: number, fifo: string): readonly number[] {
  try {
    return writersOf(pid, fifo)
  } catch {
    return []
  }
}

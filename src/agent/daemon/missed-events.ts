/** Tells in the log what keepalived's FIFO did not tell, and who else reads it. */
import { type FifoReader, otherReadersOf } from '../../adapters/keepalived/fifo-readers.ts'
import type { Log } from '../../platform/log.ts'

/** Milliseconds before looking who else reads the FIFO, which takes a while: the routes go first. */
const LOOK_LATER_MS = 1000

export type MissedEvents = {
  tell(name: string, state: string): void
  stop(): void
}

export function createMissedEvents(fifo: string, log: Log): MissedEvents {
  let later: NodeJS.Timeout | undefined

  function nameReaders(): void {
    later = undefined
    for (const { pid, command } of readersIfKnown(fifo)) {
      const hint = 'each event reaches one reader alone: give it another FIFO in keepalived.conf'
      log.error({ hint }, `process ${pid} (${command}) reads ${fifo}, too`)
    }
  }

  return {
    tell(name, state) {
      log.info(`${name} ${state}, as keepalived says when asked`)
      later ??= setTimeout(nameReaders, LOOK_LATER_MS)
    },
    stop: () => clearTimeout(later),
  }
}

function readersIfKnown(fifo: string): readonly FifoReader[] {
  try {
    return otherReadersOf(fifo)
  } catch {
    return [] // Only root sees them all.
  }
}

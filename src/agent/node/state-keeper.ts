/** Saves state for later processes. No decision waits for it. */
import { commandLine, pathWord } from '../../core/command-line.ts'
import { hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'

export type StateKeeper = {
  /**
   * Saves something; never throws. Failures are logged once, until everything is saved again.
   * @param what its name; only the newest state of each name is retried
   */
  save(what: string, save: () => void): void
  /** Retries a failed save; to be called now and then. */
  retry(): void
}

export type StateTrouble = { readonly message: string; readonly hint: string }

/** @param onChange called with the trouble when something cannot be saved, and with undefined once everything is */
export function createStateKeeper(
  stateDirectory: string,
  log: Log,
  onChange: (trouble: StateTrouble | undefined) => void = () => {},
): StateKeeper {
  const unsaved = new Map<string, () => void>()
  let isTold = false

  function attempt(what: string, save: () => void): void {
    // Something that can never be saved must not hold up the rest.
    unsaved.delete(what)
    try {
      save()
    } catch (error) {
      unsaved.set(what, save)
      if (!isTold) tell(error)
      return
    }
    if (isTold && unsaved.size === 0) {
      isTold = false
      log.info(`state is saved in ${stateDirectory} again`)
      onChange(undefined)
    }
  }

  function tell(error: unknown): void {
    isTold = true
    const message = `state cannot be saved in ${stateDirectory}: ${messageOf(error)}`
    const hint = hintOf(error) ?? `is there room, and is it writable: ${commandLine('df', pathWord(stateDirectory))}`
    log.error({ hint }, `${message}; continuing without it`)
    onChange({ message, hint })
  }

  return {
    save: attempt,
    retry() {
      const [oldest] = unsaved
      if (oldest) attempt(...oldest)
    },
  }
}

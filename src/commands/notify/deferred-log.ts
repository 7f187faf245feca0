/** A hook's log. The logger is loaded only once nothing urgent is left, so that no route waits for it. */
import { setImmediate as nothingElse } from 'node:timers/promises'
import type { Level, Log } from '../../platform/log.ts'

export type HookLog = Log & {
  /** Starts writing: the urgent work is under way. */
  start(): void
  /** Starts, and resolves once every line so far is written or has failed. */
  written(): Promise<void>
}

/** @param open loads and opens the logger; `now` gives the time of the next line, in milliseconds since the epoch */
export function deferLog(open: (now: () => number) => Promise<Log>): HookLog {
  const waiting: { readonly at: number; readonly sayTo: (log: Log) => void }[] = []
  let log: Log | undefined
  let hasStarted = false
  let written: Promise<void> | undefined

  function start(): void {
    hasStarted = true
    // If the log cannot be opened, there is nowhere to report that, and no route may wait for it.
    if (waiting.length > 0) written ??= write().catch(() => {})
  }

  async function write(): Promise<void> {
    // Twice: first a pending connection gets established, then its request gets sent.
    await nothingElse()
    await nothingElse()
    let said: number | undefined
    log = await open(() => said ?? Date.now())
    for (const { at, sayTo } of waiting) {
      said = at
      sayTo(log)
    }
    said = undefined
  }

  function say(level: Level): Log[Level] {
    const line = (about: string | object, text = ''): void => {
      const sayTo = (to: Log) => (typeof about === 'string' ? to[level](about) : to[level](about, text))
      if (log) {
        sayTo(log)
        return
      }
      waiting.push({ at: Date.now(), sayTo })
      if (hasStarted) start()
    }
    return line
  }
  const levels = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
  return {
    ...levels,
    start,
    async written() {
      start()
      await written
    },
  }
}

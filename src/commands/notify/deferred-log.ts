/** The log of a hook. What writes it is loaded when nothing else is to be done at once: no route waits for it. */
import { setImmediate as nothingElse } from 'node:timers/promises'
import type { Level, Log } from '../../platform/log.ts'

export type HookLog = Log & {
  /** What must not wait is under way: from now on lines are written. */
  start(): void
  /** Starts; resolves once every line so far is written, or cannot be. */
  written(): Promise<void>
}

/** @param open loads and opens what writes, told the moment of the next line in milliseconds since the epoch */
export function deferLog(open: (now: () => number) => Promise<Log>): HookLog {
  const waiting: { readonly at: number; readonly sayTo: (log: Log) => void }[] = []
  let log: Log | undefined
  let hasStarted = false
  let written: Promise<void> | undefined

  function start(): void {
    hasStarted = true
    // Nobody is there to be told of a log that cannot be opened, and no route waits for one.
    if (waiting.length > 0) written ??= write().catch(() => {})
  }

  async function write(): Promise<void> {
    // Twice: a connection that is being made is there after the first, and its request on the way.
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

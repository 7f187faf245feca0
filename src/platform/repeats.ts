/** A log that collapses repeated lines. */
import { type Clock, UNWANTED } from './clock.ts'
import type { Level, Log } from './log.ts'

/** How long repeats of a line are only counted; doubles while they continue. Milliseconds. */
const FIRST_WINDOW_MS = 10_000
const LONGEST_WINDOW_MS = 60_000
/** How often a line is logged before repeats are counted; normal activity is logged in full, up to a point. */
const LINES: Readonly<Record<Counted, number>> = { info: 10, warn: 1, error: 1 }
/** AWS assigns each response its own id (ec2/errors.ts). */
const REQUEST_ID = / \(request [^)]*\)/

/** Times, durations, ports, process ids and the addresses that a name resolves to. The numbers in ids and VIPs stay. */
const VARYING = /(?<![\w/.-])\d[\d.:]*(?:ms|s)?(?![\w/.-]*[\w/])/g

type Counted = Exclude<Level, 'debug'>

export type CountingLog = Log & {
  /** Logs all pending counts. */
  flush(): void
}

type Remark = {
  readonly say: (text: string) => void
  readonly text: string
  readonly forgotten: AbortController
  lines: number
  uncounted: number
  /** When counting started, by the clock. */
  since: number
}

/** Logs each line once, then counts its repeats: "… 46 more times within 10 s". */
export function countRepeats(log: Log, clock: Clock): CountingLog {
  const remarks = new Map<string, Remark>()

  function isDue(level: Counted, about: object, text: string): boolean {
    const key = keyOf(level, about, text)
    const known = remarks.get(key)
    if (!known) {
      const say = (counted: string) => log[level](about, counted)
      const remark = { say, text, forgotten: new AbortController(), lines: 1, uncounted: 0, since: clock.now() }
      remarks.set(key, remark)
      forgetLater(key, remark).catch(() => {}) // Flushed.
      return true
    }
    if (known.lines < LINES[level]) {
      known.lines += 1
      return true
    }
    known.uncounted += 1
    return false
  }

  async function forgetLater(key: string, remark: Remark): Promise<void> {
    let windowMs = FIRST_WINDOW_MS
    do {
      await clock.sleep(windowMs, remark.forgotten.signal)
      windowMs = Math.min(LONGEST_WINDOW_MS, windowMs * 2)
    } while (logCount(remark))
    remarks.delete(key)
  }

  /** Logs the count; returns whether there were any repeats. */
  function logCount(remark: Remark): boolean {
    const { say, text, uncounted, since } = remark
    remark.uncounted = 0
    remark.since = clock.now()
    if (uncounted === 0) return false
    const times = uncounted === 1 ? '1 more time' : `${uncounted} more times`
    say(`${text} … ${times} within ${Math.round((clock.now() - since) / 1000)} s`)
    return true
  }

  function counting(level: Counted): Log[Level] {
    const say = (about: string | object, words = ''): void => {
      const facts = typeof about === 'string' ? {} : about
      const text = typeof about === 'string' ? about : words
      if (isDue(level, facts, text)) log[level](facts, text)
    }
    return say
  }

  return {
    debug: log.debug.bind(log),
    info: counting('info'),
    warn: counting('warn'),
    error: counting('error'),
    flush() {
      for (const remark of remarks.values()) {
        logCount(remark)
        remark.forgotten.abort(UNWANTED)
      }
      remarks.clear()
    },
  }
}

/** Problems are grouped per VRRP instance, whatever the details and varying numbers; actions are grouped by their details. */
function keyOf(level: Counted, about: object, text: string): string {
  if (level === 'info') return JSON.stringify([level, text.replaceAll(/\d+/g, '0'), about])
  const problem = text.replace(REQUEST_ID, '').replaceAll(VARYING, '0')
  return JSON.stringify([level, problem, Reflect.get(about, 'instance')])
}

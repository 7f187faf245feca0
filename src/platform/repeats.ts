/** A log in which what goes on and on takes few lines. */
import { type Clock, UNWANTED } from './clock.ts'
import type { Level, Log } from './log.ts'

/** For how long what has been said is only counted; longer and longer, while it goes on. Milliseconds. */
const FIRST_WINDOW_MS = 10_000
const LONGEST_WINDOW_MS = 60_000
/** Lines of one remark before it is counted. What happens by right is told in full, up to a point. */
const LINES: Readonly<Record<Counted, number>> = { info: 10, warn: 1, error: 1 }
/** Each answer of AWS has an id of its own (ec2/errors.ts). */
const REQUEST_ID = / \(request [^)]*\)/

type Counted = Exclude<Level, 'debug'>

export type CountingLog = Log & {
  /** Says what has only been counted so far. */
  flush(): void
}

type Remark = {
  readonly say: (text: string) => void
  readonly text: string
  readonly forgotten: AbortController
  lines: number
  unsaid: number
  /** When the counting began, by the clock. */
  since: number
}

/** Each remark is logged once, and then counted: "… 46 more times within 10 s". */
export function countRepeats(log: Log, clock: Clock): CountingLog {
  const remarks = new Map<string, Remark>()

  function isUnsaid(level: Counted, about: object, text: string): boolean {
    const key = keyOf(level, about, text)
    const known = remarks.get(key)
    if (!known) {
      const say = (counted: string) => log[level](about, counted)
      const remark = { say, text, forgotten: new AbortController(), lines: 1, unsaid: 0, since: clock.now() }
      remarks.set(key, remark)
      forgetInTime(key, remark).catch(() => {}) // Flushed.
      return true
    }
    if (known.lines < LINES[level]) {
      known.lines += 1
      return true
    }
    known.unsaid += 1
    return false
  }

  async function forgetInTime(key: string, remark: Remark): Promise<void> {
    let windowMs = FIRST_WINDOW_MS
    do {
      await clock.sleep(windowMs, remark.forgotten.signal)
      windowMs = Math.min(LONGEST_WINDOW_MS, windowMs * 2)
    } while (sayCount(remark))
    remarks.delete(key)
  }

  /** Returns whether there was anything to count. */
  function sayCount(remark: Remark): boolean {
    const { say, text, unsaid, since } = remark
    remark.unsaid = 0
    remark.since = clock.now()
    if (unsaid === 0) return false
    const times = unsaid === 1 ? '1 more time' : `${unsaid} more times`
    say(`${text} … ${times} within ${Math.round((clock.now() - since) / 1000)} s`)
    return true
  }

  function sayer(level: Counted): Log[Level] {
    const say = (about: string | object, words = ''): void => {
      const facts = typeof about === 'string' ? {} : about
      const text = typeof about === 'string' ? about : words
      if (isUnsaid(level, facts, text)) log[level](facts, text)
    }
    return say
  }

  return {
    debug: log.debug.bind(log),
    info: sayer('info'),
    warn: sayer('warn'),
    error: sayer('error'),
    flush() {
      for (const remark of remarks.values()) {
        sayCount(remark)
        remark.forgotten.abort(UNWANTED)
      }
      remarks.clear()
    },
  }
}

/** What goes wrong is one remark for its VRRP instance, whatever the details; what is done, one for its details. */
function keyOf(level: Counted, about: object, text: string): string {
  if (level === 'info') return JSON.stringify([level, text.replaceAll(/\d+/g, '0'), about])
  return JSON.stringify([level, text.replace(REQUEST_ID, ''), Reflect.get(about, 'instance')])
}

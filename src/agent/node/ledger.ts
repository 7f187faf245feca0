/** Keeps track of each route's outcome: what was written, what EC2 answered, and where the route was seen since. */
import { type RouteKey, type RouteOutcome, routeKeyText, routeText, type Standing } from '../../core/route.ts'
import { Failure, messageOf } from '../../platform/errors.ts'

/** `no-table`: the last look did not find its table. */
type Seen = Standing | { readonly kind: 'not-yet' | 'no-table' }
const NOT_YET: Seen = { kind: 'not-yet' }

type Entry = {
  readonly key: RouteKey
  writes: number
  /** How EC2 accepted the last write, if it did. */
  accepted: string | undefined
  /** Why the last write failed, if it did. */
  problem: unknown
  /** Where the last look since the last write found the route. */
  seen: Seen
  /** How many looks in a row have found the route in place since the last write. */
  goodLooks: number
}

export type Ledger = {
  /** A write begins. */
  began(key: RouteKey): void
  accepted(key: RouteKey, how: string): void
  /** The write has failed and is not retried. */
  failed(key: RouteKey, error: unknown): void
  /** Takes every route of the tables that the config means, as a look found them. */
  lookedAt(routes: readonly { readonly key: RouteKey; readonly standing: Standing }[]): void
  count(): {
    /** Writes begun. */
    readonly writes: number
    /** Routes written, and how many of them had their last write accepted. */
    readonly written: number
    readonly accepted: number
    /** Routes accepted but not looked at since. */
    readonly unseen: number
  }
  /** Whether the route's last write has failed. */
  hasFailed(key: RouteKey): boolean
  /** How many looks in a row have found the route in place since its last write. */
  goodLooks(key: RouteKey): number
  /** @param why nothing more will be learned about routes still open */
  outcomes(why: string): RouteOutcome[]
}

export function openLedger(): Ledger {
  const entries = new Map<string, Entry>()
  function entryOf(key: RouteKey): Entry {
    const text = routeKeyText(key)
    const known = entries.get(text)
    if (known) return known
    const entry: Entry = { key, writes: 0, accepted: undefined, problem: undefined, seen: NOT_YET, goodLooks: 0 }
    entries.set(text, entry)
    return entry
  }
  return {
    began(key) {
      const entry = entryOf(key)
      entry.writes += 1
      Object.assign(entry, { accepted: undefined, problem: undefined, seen: NOT_YET, goodLooks: 0 })
    },
    accepted: (key, how) => void Object.assign(entryOf(key), { accepted: how }),
    failed: (key, error) => void Object.assign(entryOf(key), { problem: error }),
    lookedAt(routes) {
      for (const { key } of routes) entryOf(key)
      const seen = new Map(routes.map(({ key, standing }) => [routeKeyText(key), standing]))
      for (const [text, entry] of entries) {
        entry.seen = seen.get(text) ?? { kind: 'no-table' }
        entry.goodLooks = entry.seen.kind === 'in-place' ? entry.goodLooks + 1 : 0
      }
    },
    count() {
      const all = [...entries.values()]
      const accepted = all.filter((entry) => entry.accepted !== undefined)
      return {
        writes: all.reduce((sum, { writes }) => sum + writes, 0),
        written: all.filter(({ writes }) => writes > 0).length,
        accepted: accepted.length,
        unseen: accepted.filter(({ seen }) => seen.kind === 'not-yet').length,
      }
    },
    hasFailed: (key) => entryOf(key).problem !== undefined,
    goodLooks: (key) => entryOf(key).goodLooks,
    outcomes: (why) => [...entries.values()].map((entry) => ({ key: entry.key, ...outcomeOf(entry, why) })),
  }
}

function outcomeOf(entry: Entry, why: string): Pick<RouteOutcome, 'verdict' | 'detail'> {
  const { accepted, problem, seen } = entry
  if (seen.kind === 'in-place') return { verdict: 'done', detail: accepted ?? inPlaceText(entry) }
  if (seen.kind === 'refused') return { verdict: 'refused', detail: seen.reason }
  if (accepted !== undefined) return { verdict: 'unconfirmed', detail: unconfirmedText(entry, why) }
  if (problem === undefined) return { verdict: 'failed', detail: unwrittenText(entry, why) }
  const isRefused = problem instanceof Failure && problem.kind === 'refused'
  return { verdict: isRefused ? 'refused' : 'failed', detail: messageOf(problem) }
}

/** EC2 may have performed a write that it never answered. */
function inPlaceText({ problem }: Entry): string {
  return problem === undefined ? 'in place already' : `in place, though the write failed: ${messageOf(problem)}`
}

function unconfirmedText({ seen, writes }: Entry, why: string): string {
  if (seen.kind === 'no-table') return 'accepted, but its table is not among those that are read'
  if (seen.kind === 'not-yet') return `accepted, but not read back: ${why}`
  const how = writes === 1 ? 'accepted' : `accepted ${writes} times`
  return `${how}, but read back as ${seen.kind === 'elsewhere' ? routeText(seen.route) : 'missing'}: ${why}`
}

function unwrittenText({ seen, writes }: Entry, why: string): string {
  if (seen.kind === 'no-table') return 'its table is not among those that are read'
  if (writes > 0) return `not written: ${why}`
  return `${seen.kind === 'elsewhere' ? `points to ${routeText(seen.route)}` : 'is missing'} and was not written: ${why}`
}

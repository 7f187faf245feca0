/** An edge into MASTER: the routes are written at once, then looked at until they stay. */
import type { Clock } from '../../clock.ts'
import type { EniId } from '../../core/ids.ts'
import {
  type RouteKey,
  type RouteOutcome,
  type RoutePolicy,
  type RouteTable,
  routeKeyText,
  routeText,
  standingOf,
} from '../../core/route.ts'
import { type Destination, destinationText } from '../../core/vip.ts'
import { Failure, hintOf, messageOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { RoutePort, TableSelection } from '../route-port.ts'
import { routeKeys, type View, viewOf } from '../view.ts'

/** Milliseconds from a write to each look at it: reads may be stale for seconds, and a late write of another may land. */
const LOOKS_MS = [1000, 3000]
const WRITES_PER_ROUTE = 3

export type EdgeInput = {
  readonly vips: readonly Destination[]
  readonly policy: RoutePolicy
  readonly eni: EniId
  /** Undefined: nothing is known of the tables, so they are read first. */
  readonly view: View | undefined
  readonly routes: RoutePort
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly log: Log
  /** Called before routes are written, with how many writes that makes since the edge began. */
  readonly onWrites: (count: number) => void
  /** Called with every good read. */
  readonly onView: (view: View) => void
  /** Called once, when the first writes have come out: nothing of it may delay them. */
  readonly openClaims: () => Promise<EdgeClaims>
}

/** What the nodes tell each other during the edge. */
export type EdgeClaims = {
  /** Tells the others, in the background, that this node is MASTER and alive. */
  publish(): void
  /** Why the routes are another's, by what was claimed since the edge began; undefined where nothing says so. */
  reasonToYield(): Promise<string | undefined>
  /** Resolves once nothing is on its way any more. */
  settled(): Promise<void>
}

/** What is known of each route: how often it was written, how the last write came out, and where it was seen since. */
type Entry = {
  readonly key: RouteKey
  readonly writes: number
  readonly outcome: RouteOutcome
  readonly isDenied: boolean
}
type Ledger = Map<string, Entry>

export type EdgeResult = {
  readonly outcomes: readonly RouteOutcome[]
  /** Selectors of the config that mean no table, or not one alone. */
  readonly problems: readonly string[]
}

/**
 * Takes the routes for `eni`: those of the view with nothing read before, then whatever a look finds elsewhere. An old
 * target in a read is not excused as staleness here but written again: it may be the late write of a node that died.
 * One that is alive says so, and if the routes are its own, they are left to it.
 * @throws Failure of kind `superseded` as soon as the mastership is over, of kind `refused` where the routes are
 *   another's; the error of the first read where no route is known without it
 */
export async function runEdge(input: EdgeInput): Promise<EdgeResult> {
  const { view, vips, log, clock } = input
  const ledger: Ledger = new Map()
  const problems = new Set<string>()
  const known = routeKeys(view?.tables ?? [], vips).filter((key) => !view?.foreign.includes(routeKeyText(key)))
  await writeAll(input, ledger, known)
  if (!view || view.foreign.length > 0) {
    await writeAll(input, ledger, await look(input, ledger, problems, [0], undefined))
  }
  const claims = await input.openClaims()
  try {
    for (;;) {
      claims.publish()
      const due = await look(input, ledger, problems, LOOKS_MS, claims)
      if (due.length === 0) break
      await writeAll(input, ledger, due)
    }
    const unsettled = [...ledger.values()].filter(({ outcome }) => outcome.verdict !== 'done').length
    if (unsettled === 0) log.info({ ms: Math.round(clock.now()) }, 'routes confirmed')
  } finally {
    await claims.settled()
  }
  return { outcomes: [...ledger.values()].map(({ outcome }) => outcome), problems: [...problems] }
}

async function writeAll(input: EdgeInput, ledger: Ledger, due: readonly RouteKey[]): Promise<void> {
  const { eni, log, clock, onWrites } = input
  if (due.length === 0) return
  onWrites([...ledger.values()].reduce((count, { writes }) => count + writes, due.length))
  log.info({ eni, routes: due.map(routeKeyText) }, `pointing routes at ${eni}: ${due.length}`)
  const settled = await Promise.allSettled(due.map((key) => writeOne(input, ledger, key)))
  for (const result of settled) if (result.status === 'rejected') throw result.reason
  const accepted = due.filter((key) => ledger.get(routeKeyText(key))?.outcome.verdict === 'done').length
  const ms = Math.round(clock.now())
  if (accepted === due.length) log.info({ accepted, ms }, 'routes accepted')
  else log.warn({ accepted, of: due.length, ms }, accepted > 0 ? 'routes partly accepted' : 'no route accepted')
}

async function writeOne({ routes, eni, log }: EdgeInput, ledger: Ledger, key: RouteKey): Promise<void> {
  const writes = (ledger.get(routeKeyText(key))?.writes ?? 0) + 1
  const note = (verdict: RouteOutcome['verdict'], detail: string) =>
    ledger.set(routeKeyText(key), { key, writes, outcome: { key, verdict, detail }, isDenied: verdict !== 'done' })
  try {
    note('done', await routes.write(key, eni))
  } catch (error) {
    if (isSuperseded(error)) throw error
    note(error instanceof Failure && error.kind === 'refused' ? 'refused' : 'failed', messageOf(error))
    log.error({ route: routeKeyText(key), hint: hintOf(error) }, messageOf(error))
  }
}

/** Looks at the routes, at each of these milliseconds from now. Returns those to write again, as soon as there are any. */
async function look(
  input: EdgeInput,
  ledger: Ledger,
  problems: Set<string>,
  looks: readonly number[],
  claims: EdgeClaims | undefined,
): Promise<RouteKey[]> {
  const { routes, clock, signal, vips, policy, onView } = input
  const start = clock.now()
  for (const at of looks) {
    let selection: TableSelection
    let reason: string | undefined
    try {
      await clock.sleep(Math.max(0, start + at - clock.now()), signal)
      ;[selection, reason] = await Promise.all([routes.read(), claims?.reasonToYield()])
    } catch (error) {
      if (isSuperseded(error) || ledger.size === 0) throw error
      markUnconfirmed(input, ledger, error)
      return []
    }
    const { tables } = selection
    onView(viewOf(tables, vips, policy))
    noteProblems(input, problems, selection.problems)
    if (reason !== undefined) throw new Failure('refused', reason)
    const again = [...keysToJudge(ledger, tables, vips)].flatMap(({ key, table }) => judge(input, ledger, key, table))
    if (again.length > 0) return again
  }
  return []
}

function noteProblems({ log }: EdgeInput, problems: Set<string>, found: readonly string[]): void {
  for (const problem of found) if (!problems.has(problem)) log.error(problem)
  problems.clear()
  for (const problem of found) problems.add(problem)
}

/** Every VIP in every table that was read, and every route that was written before, whether its table was read or not. */
function* keysToJudge(ledger: Ledger, tables: readonly RouteTable[], vips: readonly Destination[]) {
  const byId = new Map(tables.map((table) => [table.id, table]))
  for (const table of tables) for (const vip of vips) yield { key: { table: table.id, vip }, table }
  for (const { key } of ledger.values()) if (!byId.has(key.table)) yield { key, table: undefined }
}

/** Notes where the route stands now; returns it if it is to be written. */
function judge(
  { eni, policy, log }: EdgeInput,
  ledger: Ledger,
  key: RouteKey,
  table: RouteTable | undefined,
): RouteKey[] {
  const known = ledger.get(routeKeyText(key))
  const writes = known?.writes ?? 0
  const note = (verdict: RouteOutcome['verdict'], detail: string) => {
    if (verdict !== 'done' && known?.outcome.detail !== detail) {
      log.error({ route: routeKeyText(key) }, `${destinationText(key.vip)} in ${key.table}: ${detail}`)
    }
    ledger.set(routeKeyText(key), {
      key,
      writes,
      outcome: { key, verdict, detail },
      isDenied: known?.isDenied ?? false,
    })
  }
  if (!table) {
    if (!known?.isDenied) note('failed', 'written, but the table is not among those that are read')
    return []
  }

  const standing = standingOf(table, key.vip, eni, policy)
  switch (standing.kind) {
    case 'in-place':
      note('done', known?.outcome.verdict === 'done' ? known.outcome.detail : 'in place')
      return []
    case 'refused':
      note('refused', standing.reason)
      return []
    case 'elsewhere':
    case 'missing': {
      if (known?.isDenied) return []
      const seen = standing.kind === 'missing' ? 'is missing' : `points to ${routeText(standing.route)}`
      if (writes >= WRITES_PER_ROUTE) {
        note('failed', `${seen} again after ${writes} writes`)
        return []
      }
      log.info({ route: routeKeyText(key), writes }, `${destinationText(key.vip)} in ${key.table} ${seen}`)
      return [key]
    }
  }
}

/** A write that was accepted and never seen in place is not done: it is said so. */
function markUnconfirmed({ log }: EdgeInput, ledger: Ledger, error: unknown): void {
  log.warn({ hint: hintOf(error) }, `not confirmed: ${messageOf(error)}`)
  for (const [text, entry] of ledger) {
    const { key, verdict } = entry.outcome
    if (verdict !== 'done') continue
    const detail = `accepted, but not confirmed: ${messageOf(error)}`
    ledger.set(text, { ...entry, outcome: { key, verdict: 'failed', detail } })
  }
}

function isSuperseded(error: unknown): boolean {
  return error instanceof Failure && error.kind === 'superseded'
}

/** An edge into MASTER: the routes are written at once, then looked at until they stay. */
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { EniId } from '../core/ids.ts'
import {
  type RouteKey,
  type RouteOutcome,
  type RoutePolicy,
  type RouteTable,
  routeKeyText,
  routeText,
  standingOf,
} from '../core/route.ts'
import { type Destination, destinationText } from '../core/vip.ts'
import { Failure, messageOf } from '../errors.ts'
import type { RoutePort } from './route-port.ts'
import { routeKeys, type View, viewOf } from './view.ts'

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
  readonly log: Logger
  /** Called with every good read. */
  readonly onView: (view: View) => void
}

type Ledger = Map<string, RouteOutcome & { readonly writes: number }>

/**
 * Takes the routes for `eni`: those of the view with nothing read before, then whatever a look finds elsewhere. An old
 * target in a read is not excused as staleness here but written again: it may be the late write of a node that died.
 * @throws Failure of kind `superseded` as soon as the mastership is over; the error of the first read where no route
 *   is known without it
 */
export async function runEdge(input: EdgeInput): Promise<RouteOutcome[]> {
  const { view, vips } = input
  const ledger: Ledger = new Map()
  let due = routeKeys(view?.tables ?? [], vips).filter((key) => !view?.foreign.includes(routeKeyText(key)))
  let looks = view && view.foreign.length === 0 ? LOOKS_MS : [0, ...LOOKS_MS]
  for (;;) {
    if (due.length > 0) await writeAll(input, ledger, due)
    due = await look(input, ledger, looks)
    if (due.length === 0) return [...ledger.values()]
    looks = LOOKS_MS
  }
}

async function writeAll(input: EdgeInput, ledger: Ledger, due: readonly RouteKey[]): Promise<void> {
  const { eni, log, clock } = input
  log.info({ eni, routes: due.map(routeKeyText) }, `pointing routes at ${eni}: ${due.length}`)
  const settled = await Promise.allSettled(due.map((key) => writeOne(input, ledger, key)))
  for (const result of settled) if (result.status === 'rejected') throw result.reason
  const accepted = due.filter((key) => ledger.get(routeKeyText(key))?.verdict === 'done').length
  const ms = Math.round(clock.now())
  if (accepted === due.length) log.info({ accepted, ms }, 'routes accepted')
  else log.warn({ accepted, of: due.length, ms }, 'routes partly accepted')
}

async function writeOne({ routes, eni, log }: EdgeInput, ledger: Ledger, key: RouteKey): Promise<void> {
  const writes = (ledger.get(routeKeyText(key))?.writes ?? 0) + 1
  const note = (verdict: RouteOutcome['verdict'], detail: string) =>
    ledger.set(routeKeyText(key), { key, verdict, detail, writes })
  try {
    note('done', await routes.write(key, eni))
  } catch (error) {
    if (isSuperseded(error)) throw error
    note(error instanceof Failure && error.kind === 'refused' ? 'refused' : 'failed', messageOf(error))
    log.error({ route: routeKeyText(key), hint: error instanceof Failure ? error.hint : undefined }, messageOf(error))
  }
}

/** Looks at the routes, at each of these milliseconds from now. Returns those to write again, as soon as there are any. */
async function look(input: EdgeInput, ledger: Ledger, looks: readonly number[]): Promise<RouteKey[]> {
  const { routes, clock, signal, vips, policy, onView } = input
  const start = clock.now()
  for (const at of looks) {
    let tables: RouteTable[]
    try {
      await clock.sleep(Math.max(0, start + at - clock.now()), signal)
      tables = await routes.read()
    } catch (error) {
      if (isSuperseded(error) || ledger.size === 0) throw error
      markUnconfirmed(input, ledger, error)
      return []
    }
    onView(viewOf(tables, vips, policy))
    const again = tables.flatMap((table) => vips.flatMap((vip) => judge(input, ledger, table, vip)))
    if (again.length > 0) return again
  }
  input.log.info({ ms: Math.round(clock.now()) }, 'routes confirmed')
  return []
}

/** Notes where the route stands; returns it if it is to be written. */
function judge({ eni, policy, log }: EdgeInput, ledger: Ledger, table: RouteTable, vip: Destination): RouteKey[] {
  const key = { table: table.id, vip }
  const known = ledger.get(routeKeyText(key))
  const writes = known?.writes ?? 0
  const standing = standingOf(table, vip, eni, policy)
  const note = (verdict: RouteOutcome['verdict'], detail: string) =>
    ledger.set(routeKeyText(key), { key, verdict, detail, writes })

  switch (standing.kind) {
    case 'in-place':
      if (!known) note('done', 'in place already')
      return []
    case 'refused':
      if (known) return []
      note('refused', standing.reason)
      log.error({ route: routeKeyText(key) }, `${destinationText(vip)} in ${table.id}: ${standing.reason}`)
      return []
    case 'elsewhere':
    case 'missing': {
      if (known && known.verdict !== 'done') return []
      const seen = standing.kind === 'missing' ? 'is missing' : `points to ${routeText(standing.route)}`
      if (writes < WRITES_PER_ROUTE) {
        log.info({ route: routeKeyText(key), writes }, `${destinationText(vip)} in ${table.id} ${seen}`)
        return [key]
      }
      note('failed', `${seen} again after ${writes} writes`)
      log.error({ route: routeKeyText(key) }, `${destinationText(vip)} in ${table.id} ${seen} after ${writes} writes`)
      return []
    }
  }
}

/** A write that was accepted and never seen in place is not done: it is said so. */
function markUnconfirmed({ log }: EdgeInput, ledger: Ledger, error: unknown): void {
  log.warn({ hint: error instanceof Failure ? error.hint : undefined }, `not confirmed: ${messageOf(error)}`)
  for (const [text, entry] of ledger) {
    if (entry.verdict !== 'done') continue
    ledger.set(text, { ...entry, verdict: 'failed', detail: `accepted, but not confirmed: ${messageOf(error)}` })
  }
}

function isSuperseded(error: unknown): boolean {
  return error instanceof Failure && error.kind === 'superseded'
}

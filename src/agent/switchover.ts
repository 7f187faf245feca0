/** A switch by hand: what would move, moving it, and seeing that it stays. */
import type { Clock } from '../clock.ts'
import type { EniId } from '../core/ids.ts'
import {
  findRoute,
  isInPlace,
  type Move,
  type RouteKey,
  type RouteOutcome,
  type RoutePolicy,
  type RouteTable,
  routeKeyText,
  routeText,
  standingOf,
} from '../core/route.ts'
import type { Destination } from '../core/vip.ts'
import { Failure, messageOf } from '../errors.ts'
import type { RoutePort } from './route-port.ts'

const FIRST_CONFIRM_MS = 200
const LONGEST_CONFIRM_MS = 5000
/** A good read may be followed by a stale one (terraform-provider-aws#21629), so one good read proves little. */
const GOOD_READS = 2

export function planMoves(
  tables: readonly RouteTable[],
  vips: readonly Destination[],
  eni: EniId,
  policy: RoutePolicy,
): Move[] {
  return tables.flatMap((table) =>
    vips.map((vip) => ({ key: { table: table.id, vip }, table, standing: standingOf(table, vip, eni, policy) })),
  )
}

/** Whether the switch has something to write for this route. */
export function isDue({ standing }: Move): boolean {
  return standing.kind === 'elsewhere' || standing.kind === 'missing'
}

/** Asks EC2 about every route that is not refused whether its write would be permitted; writes nothing. */
export function rehearseMoves(moves: readonly Move[], eni: EniId, routes: RoutePort): Promise<RouteOutcome[]> {
  return Promise.all(
    moves.map(async (move): Promise<RouteOutcome> => {
      const { key, standing } = move
      if (standing.kind === 'refused') return { key, verdict: 'refused', detail: standing.reason }
      const isMissing = standing.kind === 'missing'
      return attempt(key, 'permitted', async () => {
        await routes.rehearse(key, eni, isMissing)
        const call = isMissing ? 'CreateRoute' : 'ReplaceRoute'
        return standing.kind === 'in-place' ? `in place already; ${call} is permitted` : `${call} is permitted`
      })
    }),
  )
}

/** Writes every due route in parallel, then reads until all that were accepted are seen in place, and stay. */
export async function makeMoves(
  moves: readonly Move[],
  eni: EniId,
  routes: RoutePort,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<RouteOutcome[]> {
  const outcomes = await Promise.all(moves.map((move) => moveOne(move, eni, routes)))
  const accepted = moves.filter((move, index) => isDue(move) && outcomes[index]?.verdict === 'done')
  if (accepted.length === 0) return outcomes
  const doubts = await confirm(accepted, eni, routes, clock, signal)
  return outcomes.map((outcome) => {
    const doubt = doubts.get(routeKeyText(outcome.key))
    return doubt && outcome.verdict === 'done' ? { ...outcome, verdict: 'failed', detail: doubt } : outcome
  })
}

async function moveOne({ key, standing }: Move, eni: EniId, routes: RoutePort): Promise<RouteOutcome> {
  switch (standing.kind) {
    case 'in-place':
      return { key, verdict: 'done', detail: 'in place already' }
    case 'refused':
      return { key, verdict: 'refused', detail: standing.reason }
    case 'elsewhere':
    case 'missing':
      return attempt(key, 'done', () => routes.write(key, eni))
  }
}

async function attempt(
  key: RouteKey,
  verdict: RouteOutcome['verdict'],
  call: () => Promise<string>,
): Promise<RouteOutcome> {
  try {
    return { key, verdict, detail: await call() }
  } catch (error) {
    const isRefused = error instanceof Failure && error.kind === 'refused'
    return { key, verdict: isRefused ? 'refused' : 'failed', detail: messageOf(error) }
  }
}

/** What speaks against a route's being in place, by its key's text; empty when all were seen there, twice in a row. */
async function confirm(
  accepted: readonly Move[],
  eni: EniId,
  routes: RoutePort,
  clock: Clock,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  let goodReads = 0
  let doubts = new Map(accepted.map(({ key }) => [routeKeyText(key), 'accepted, but not read back']))
  for (let wait = FIRST_CONFIRM_MS; goodReads < GOOD_READS; wait = Math.min(LONGEST_CONFIRM_MS, wait * 2)) {
    try {
      await clock.sleep(wait, signal)
      doubts = doubtsOf(accepted, (await routes.read()).tables, eni)
    } catch (error) {
      // Unknown is not "no": what is doubted stays doubted, with the reason why nobody knows.
      return new Map([...doubts].map(([text, doubt]) => [text, `${doubt}: ${messageOf(error)}`]))
    }
    goodReads = doubts.size === 0 ? goodReads + 1 : 0
  }
  return doubts
}

function doubtsOf(accepted: readonly Move[], tables: readonly RouteTable[], eni: EniId): Map<string, string> {
  const doubts = new Map<string, string>()
  for (const { key } of accepted) {
    const table = tables.find(({ id }) => id === key.table)
    const route = table && findRoute(table, key.vip)
    if (route && isInPlace(route, eni)) continue
    doubts.set(routeKeyText(key), `accepted, but read back as ${route ? routeText(route) : 'missing'}`)
  }
  return doubts
}

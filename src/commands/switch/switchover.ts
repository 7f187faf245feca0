/** A switch by hand: what would move, moving it, and seeing that it stays. */

import { openLedger } from '../../agent/node/ledger.ts'
import type { RoutePort } from '../../agent/node/route-port.ts'
import type { EniId } from '../../core/ids.ts'
import {
  type Move,
  type RouteKey,
  type RouteOutcome,
  type RoutePolicy,
  type RouteTable,
  standingOf,
} from '../../core/route.ts'
import type { Destination } from '../../core/vip.ts'
import type { Clock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'

const FIRST_CONFIRM_MS = 200
const LONGEST_CONFIRM_MS = 5000
/** A good read may be followed by a stale one (terraform-provider-aws#21629), so one good read proves little. */
const GOOD_LOOKS = 2

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
      try {
        await routes.rehearse(key, eni, isMissing)
      } catch (error) {
        return { key, verdict: 'failed', detail: messageOf(error) }
      }
      const permitted = `${isMissing ? 'CreateRoute' : 'ReplaceRoute'} is permitted`
      const detail = standing.kind === 'in-place' ? `in place already; ${permitted}` : permitted
      return { key, verdict: 'permitted', detail }
    }),
  )
}

export type SwitchStep =
  | { readonly key: RouteKey; readonly kind: 'accepted' | 'confirmed' }
  | { readonly key: RouteKey; readonly kind: 'failed'; readonly error: unknown }

export type SwitchOptions = {
  readonly policy: RoutePolicy
  readonly clock: Clock
  /** Ends the writes and the reads; a last look follows. */
  readonly signal: AbortSignal
  /** How long the last look may take, in milliseconds. */
  readonly lastLookMs: number
  /** Called as soon as something is known of a route. */
  readonly onStep: (step: SwitchStep) => void
}

/**
 * Writes every due route, all at once, and reads the routes until each that EC2 accepted was seen in place twice in a row.
 * Each route has its own life: none waits for the answer to another's write. Never rejects.
 */
export async function makeMoves(
  moves: readonly Move[],
  eni: EniId,
  routes: RoutePort,
  { policy, clock, signal, lastLookMs, onStep }: SwitchOptions,
): Promise<RouteOutcome[]> {
  const due = moves.filter(isDue).map(({ key }) => key)
  const ledger = openLedger()
  ledger.lookedAt(moves)
  const accepted: RouteKey[] = []
  const confirmed = new Set<RouteKey>()
  const isOpen = (key: RouteKey) => ledger.goodLooks(key) < GOOD_LOOKS
  let underWay = due.length
  let answered = () => {}
  /** The longer ago, the longer it takes to the next look. */
  let since = clock.now()

  async function write(key: RouteKey): Promise<void> {
    ledger.began(key)
    try {
      ledger.accepted(key, await routes.write(key, eni))
      accepted.push(key)
      onStep({ key, kind: 'accepted' })
    } catch (error) {
      // The bare reason: the write was still waiting for its turn, and was never sent.
      if (error !== signal.reason) ledger.failed(key, error)
      onStep({ key, kind: 'failed', error })
    }
    underWay -= 1
    if (underWay === 0) since = clock.now()
    answered()
  }

  async function look(during: AbortSignal): Promise<void> {
    const { tables } = await routes.read(during)
    ledger.lookedAt(standingsIn(tables, moves, eni, policy))
    for (const key of accepted) {
      if (isOpen(key) || confirmed.has(key)) continue
      confirmed.add(key)
      onStep({ key, kind: 'confirmed' })
    }
  }

  async function confirm(): Promise<void> {
    while (underWay > 0 || accepted.some(isOpen)) {
      if (accepted.some(isOpen)) {
        await clock.sleep(Math.min(LONGEST_CONFIRM_MS, clock.now() - since + FIRST_CONFIRM_MS), signal)
        await look(signal)
      } else {
        await new Promise<void>((resolve) => {
          answered = resolve
        })
        since = clock.now()
      }
    }
  }

  // Unknown is not "no": what was accepted stays so, with the reason why nobody knows more.
  let why = ''
  const explain = (error: unknown) => {
    why = messageOf(error)
  }
  await Promise.all([...due.map(write), confirm().catch(explain)])
  if (signal.aborted && due.some(isOpen)) {
    explain(signal.reason)
    const during = AbortSignal.timeout(lastLookMs)
    await look(during).catch((error: unknown) => {
      if (!during.aborted) explain(error)
    })
  }
  return ledger.outcomes(why)
}

function standingsIn(tables: readonly RouteTable[], moves: readonly Move[], eni: EniId, policy: RoutePolicy) {
  const byId = new Map(tables.map((table) => [table.id, table]))
  return moves.flatMap(({ key }) => {
    const table = byId.get(key.table)
    return table ? [{ key, standing: standingOf(table, key.vip, eni, policy) }] : []
  })
}

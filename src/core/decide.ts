/** The rule that decides: who should own the routes of one VRRP instance, and what this node does about it. */
import { type Claim, elect } from './claim.ts'
import type { EniId } from './ids.ts'
import { counts, type Liveness } from './liveness.ts'
import type { Pin } from './pin.ts'
import { isInPlace, type RouteKey, routeText, type Standing } from './route.ts'
import { destinationText } from './vip.ts'

export type ObservedClaim = { readonly claim: Claim; readonly liveness: Liveness }

/** All that one decision is made from: one good read, and what this node knows of itself. */
export type View = {
  readonly self: Claim
  /** Whether the last publish was not acknowledged: the others cannot see this node. */
  readonly mute: boolean
  readonly others: readonly ObservedClaim[]
  readonly pin: Pin | undefined
  /** Each managed route, judged from this node's own ENI. */
  readonly routes: readonly { readonly key: RouteKey; readonly standing: Standing }[]
}

/** One word for where things stand. */
export type Condition =
  | 'OK'
  | 'SWITCHING'
  | 'DRIFT'
  | 'SPLIT-BRAIN'
  | 'BLACKHOLE'
  | 'NO-MASTER'
  | 'PINNED'
  | 'FOREIGN'
  | 'UNKNOWN'

export type Decision = {
  /** The ENI that the routes should point to; undefined where nobody contends. */
  readonly intended: EniId | undefined
  readonly action: 'write' | 'yield' | 'none'
  /** With `write`: what is to be written, all of it to this node's own ENI. */
  readonly due: readonly RouteKey[]
  readonly condition: Condition
  /** A sentence that a person can act on. */
  readonly reason: string
  /** Whether this node, as master, must show that it is alive: another contends, or a route is not where it should be. */
  readonly conflict: boolean
}

export function decide(view: View): Decision {
  const { self, others, pin } = view
  const rivals = others.filter(({ claim, liveness }) => claim.state === 'MASTER' && counts(liveness))
  const contenders = [...(self.state === 'MASTER' ? [self] : []), ...rivals.map(({ claim }) => claim)]
  const winner = elect(contenders)
  const intended = pin?.eni ?? winner?.eni
  const isMaster = self.state === 'MASTER'
  const misplaced = view.routes.filter(({ standing }) => intended && !isAt(standing, intended))
  const base = {
    intended,
    condition: conditionOf(view, contenders.length, misplaced.length),
    conflict: isMaster && (rivals.length > 0 || misplaced.length > 0),
  }
  const none = (reason: string): Decision => ({ ...base, action: 'none', due: [], reason })
  const yielding = (reason: string): Decision => ({ ...base, action: 'yield', due: [], reason })

  if (intended === undefined) return none(`nobody claims to be MASTER; ${standingText(view)}`)
  if (!isMaster && pin?.eni !== self.eni) {
    return none(`we are ${self.state}; the routes belong to ${intended}${pin ? ', which is pinned' : ''}`)
  }
  if (intended !== self.eni) return yielding(yieldReason(view, rivals, winner))

  const unseen = view.mute
    ? others.find(({ claim, liveness }) => claim.state === 'MASTER' && liveness !== 'void')
    : undefined
  if (unseen) {
    return yielding(
      `our claim could not be published, so ${unseen.claim.eni}, ${claimText(unseen.claim)}, cannot see us: leaving the routes alone`,
    )
  }
  const due = misplaced.filter(({ standing }) => standing.kind === 'elsewhere' || standing.kind === 'missing')
  if (due.length === 0) return none(`${ownReason(view, rivals)}; ${standingText(view)}`)
  const keys = due.map(({ key }) => key)
  return { ...base, action: 'write', due: keys, reason: `${ownReason(view, rivals)}; taking ${dueText(due)}` }
}

/** A refused route is at nobody's: it is not ours to put anywhere. */
function isAt(standing: Standing, eni: EniId): boolean {
  if (standing.kind === 'refused') return true
  return standing.kind !== 'missing' && isInPlace(standing.route, eni)
}

function conditionOf({ pin, routes }: View, contenders: number, misplaced: number): Condition {
  if (routes.some(({ standing }) => standing.kind === 'refused')) return 'FOREIGN'
  if (pin) return 'PINNED'
  if (contenders === 0) return 'NO-MASTER'
  if (contenders > 1) return 'SPLIT-BRAIN'
  if (routes.some(({ standing }) => standing.kind !== 'missing' && standing.route?.state === 'blackhole'))
    return 'BLACKHOLE'
  return misplaced > 0 ? 'DRIFT' : 'OK'
}

function yieldReason({ self, pin }: View, rivals: readonly ObservedClaim[], winner: Claim | undefined): string {
  if (pin) return `${pin.eni} is pinned; we are ${claimText(self)}: leaving the routes to it`
  const rival = rivals.find(({ claim }) => claim.eni === winner?.eni)
  const known = rival?.liveness === 'alive' ? 'is alive' : 'was not seen dead yet'
  return `${winner?.eni}, ${winner && claimText(winner)}, ${known}; we are ${claimText(self)}: split brain, leaving the routes to it`
}

function ownReason({ self, pin }: View, rivals: readonly ObservedClaim[]): string {
  if (pin) return `we, ${self.eni}, are pinned`
  const [rival] = rivals
  if (!rival) return `we are ${claimText(self)}`
  return `${rival.claim.eni}, ${claimText(rival.claim)}, claims to be MASTER, too; we are ${claimText(self)} and win: split brain`
}

function claimText({ state, priority, address }: Claim): string {
  return priority === undefined ? `${state} at ${address}` : `${state} ${priority}`
}

function dueText(due: View['routes']): string {
  return due
    .map(({ key, standing }) => {
      const at = standing.kind === 'missing' || !standing.route ? 'missing' : `at ${routeText(standing.route)}`
      return `${destinationText(key.vip)} in ${key.table} (${at})`
    })
    .join(', ')
}

function standingText({ routes }: View): string {
  const refused = routes.filter(({ standing }) => standing.kind === 'refused').length
  const moved = routes.length - refused
  return refused > 0 ? `${moved} routes in place, ${refused} refused` : `${moved} routes looked at`
}

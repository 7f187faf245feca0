/** The decision rule: who should own a VRRP instance's routes, and what this node does about it. */
import { type Claim, elect } from './claim.ts'
import type { EniId } from './ids.ts'
import { isLive, type Liveness } from './liveness.ts'
import type { Pin } from './pin.ts'
import { assessmentReason, bystanderReason, idleReason, ownReason, takingText, yieldReason } from './reason.ts'
import { isInPlace, type RouteKey, type Standing } from './route.ts'

export type ObservedClaim = { readonly claim: Claim; readonly liveness: Liveness }

export type ObservedRoute = { readonly key: RouteKey; readonly standing: Standing }

/** What any observer can see, in the cluster or not. */
export type ClusterView = {
  readonly others: readonly ObservedClaim[]
  readonly pin: Pin | undefined
  /** Whether the routes have been away from every MASTER for longer than a live one would leave them. */
  readonly isAbandoned: boolean
  /** Each managed route, judged from the observer's ENI, if it has one. */
  readonly routes: readonly ObservedRoute[]
}

/** The input of a decision: one good read, and what this node knows about itself. */
export type NodeView = ClusterView & {
  readonly self: Claim
  /** Whether our own ENI can carry no traffic, so that the others do not count us either. */
  readonly isUnreachable: boolean
  /** Whether the last publish was not acknowledged: the others cannot see this node. */
  readonly mute: boolean
  /** Whether another node has contended for longer than a blip or a dead node's claim would explain. */
  readonly isPersistent: boolean
}

export const CONDITIONS = [
  'OK',
  'SWITCHING',
  'DRIFT',
  'SPLIT-BRAIN',
  'BLACKHOLE',
  'NO-MASTER',
  'PINNED',
  'FOREIGN',
  'UNKNOWN',
] as const

/** The current state in one word. */
export type Condition = (typeof CONDITIONS)[number]

export type Decision = {
  /** The ENI that the routes should point to, if anybody contends. */
  readonly intended: EniId | undefined
  readonly action: 'write' | 'yield' | 'none'
  /** For `write`: the routes to write, all to this node's own ENI. */
  readonly due: readonly RouteKey[]
  readonly condition: Condition
  /** A sentence for people to act on. */
  readonly reason: string
  /** Whether this node, as master, must show that it is alive: another node contends, or a route is out of place. */
  readonly conflict: boolean
}

/** Whether to tell people of a decision. At the end of an edge only the condition may change, not the reason. */
export function isNews({ reason, condition }: Decision, before: Decision | undefined): boolean {
  return reason !== before?.reason || condition !== before.condition
}

/** The competing masters, from this node's point of view. */
export type Contest = {
  /** The other masters that this node must consider. */
  readonly rivals: readonly ObservedClaim[]
  readonly winner: Claim | undefined
}

export function decide(view: NodeView): Decision {
  const { self, pin, routes } = view
  const isContender = self.state === 'MASTER' && !view.isUnreachable
  const contest = isContender ? contestOf(view) : contestForObserver(view)
  const intended = pin?.eni ?? contest.winner?.eni
  const misplaced = misplacedOf(routes, intended)
  const isContested = view.others.some(({ claim, liveness }) => claim.state === 'MASTER' && isLive(liveness))
  const base = {
    intended,
    condition: conditionOf(view, contest.rivals.length + (isContender ? 1 : 0), misplaced.length),
    conflict: isContender && (isContested || misplaced.length > 0),
  }
  const none = (reason: string): Decision => ({ ...base, action: 'none', due: [], reason })

  if (intended === undefined) return none(idleReason(view))
  if (self.state !== 'MASTER' && intended !== self.eni) return none(bystanderReason(view, contest, misplaced))
  if (intended !== self.eni) return { ...base, action: 'yield', due: [], reason: yieldReason(view, contest) }
  const reason = ownReason(view, contest)
  const due = misplaced.filter(({ standing }) => standing.kind === 'elsewhere' || standing.kind === 'missing')
  if (due.length === 0) return none(reason)
  return { ...base, action: 'write', due: due.map(({ key }) => key), reason: `${reason}; ${takingText(view, due)}` }
}

/** The state as seen by an observer outside the cluster, who decides nothing. */
export type Assessment = Pick<Decision, 'intended' | 'condition' | 'reason'> & {
  /** Number of contenders. */
  readonly masters: number
}

/** `view.others` are all nodes of the cluster. */
export function assess(view: ClusterView): Assessment {
  const contest = contestForObserver(view)
  const intended = view.pin?.eni ?? contest.winner?.eni
  const misplaced = misplacedOf(view.routes, intended)
  return {
    intended,
    condition: conditionOf(view, contest.rivals.length, misplaced.length),
    reason: assessmentReason(view, contest, misplaced),
    masters: contest.rivals.length,
  }
}

/** The contest as a contender sees it. */
function contestOf({ self, mute, others }: NodeView): Contest {
  const masters = mastersOf(others)
  // The others cannot see a mute node, alive or not, so it must yield.
  if (mute && masters.length > 0) return { rivals: masters, winner: elect(masters.map(({ claim }) => claim)) }
  const rivals = masters.filter(({ liveness }) => isLive(liveness))
  return { rivals, winner: elect([self, ...rivals.map(({ claim }) => claim)]) }
}

/** Whether there are reachable masters, and none of them has all routes. */
export function isStray({ others, routes }: Pick<ClusterView, 'others' | 'routes'>): boolean {
  const masters = mastersOf(others)
  return masters.length > 0 && ownersOf(masters, routes).length === 0
}

/**
 * The contest as everyone else sees it. A long-silent master is normal there: it is silent because all is well. But one
 * that stays silent while its routes are away is dead: a live one would show itself, and take them back.
 */
function contestForObserver({ others, routes, isAbandoned }: ClusterView): Contest {
  const masters = mastersOf(others)
  const live = masters.filter(({ liveness }) => isLive(liveness))
  if (live.length > 0) return { rivals: live, winner: elect(live.map(({ claim }) => claim)) }
  const owner = ownersOf(masters, routes)
  if (owner.length === 0 && isAbandoned) return { rivals: [], winner: undefined }
  const winner = elect((owner.length > 0 ? owner : masters).map(({ claim }) => claim))
  return { rivals: masters.filter(({ claim }) => claim === winner), winner }
}

function mastersOf(others: ClusterView['others']): ObservedClaim[] {
  return others.filter(({ claim, liveness }) => claim.state === 'MASTER' && liveness !== 'unreachable')
}

function ownersOf(masters: readonly ObservedClaim[], routes: ClusterView['routes']): ObservedClaim[] {
  return masters.filter(({ claim }) => routes.every(({ standing }) => isAt(standing, claim.eni)))
}

function misplacedOf(routes: ClusterView['routes'], intended: EniId | undefined): ClusterView['routes'] {
  return intended ? routes.filter(({ standing }) => !isAt(standing, intended)) : []
}

/** A refused route counts as in place: it is not ours to write. */
function isAt(standing: Standing, eni: EniId): boolean {
  if (standing.kind === 'refused') return true
  return standing.kind !== 'missing' && isInPlace(standing.route, eni)
}

function conditionOf({ pin, routes }: ClusterView, masters: number, misplaced: number): Condition {
  if (routes.some(({ standing }) => standing.kind === 'refused')) return 'FOREIGN'
  if (pin) return 'PINNED'
  if (masters === 0) return 'NO-MASTER'
  if (masters > 1) return 'SPLIT-BRAIN'
  if (routes.some(({ standing }) => standing.kind !== 'missing' && standing.route?.state === 'blackhole'))
    return 'BLACKHOLE'
  return misplaced > 0 ? 'DRIFT' : 'OK'
}

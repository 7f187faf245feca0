/** The rule that decides: who should own the routes of one VRRP instance, and what this node does about it. */
import { type Claim, elect } from './claim.ts'
import type { EniId } from './ids.ts'
import { isLive, type Liveness } from './liveness.ts'
import type { Pin } from './pin.ts'
import { assessmentReason, bystanderReason, idleReason, ownReason, takingText, yieldReason } from './reason.ts'
import { isInPlace, type RouteKey, type Standing } from './route.ts'

export type ObservedClaim = { readonly claim: Claim; readonly liveness: Liveness }

export type ObservedRoute = { readonly key: RouteKey; readonly standing: Standing }

/** What anybody can see, a node of the cluster or not. */
export type ClusterView = {
  readonly others: readonly ObservedClaim[]
  readonly pin: Pin | undefined
  /** Each managed route, judged from the ENI of whoever looks, if there is one. */
  readonly routes: readonly ObservedRoute[]
}

/** All that one decision is made from: one good read, and what this node knows of itself. */
export type NodeView = ClusterView & {
  readonly self: Claim
  /** Whether our own ENI can carry nothing, so that the others do not count us either. */
  readonly isUnreachable: boolean
  /** Whether the last publish was not acknowledged: the others cannot see this node. */
  readonly mute: boolean
  /** Whether another has been contending for longer than a blip or a dead node's claim would explain. */
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

/** One word for where things stand. */
export type Condition = (typeof CONDITIONS)[number]

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

/** Who is MASTER, as far as it concerns this node. */
export type Contest = {
  /** The other masters that this node has to reckon with. */
  readonly rivals: readonly ObservedClaim[]
  readonly winner: Claim | undefined
}

export function decide(view: NodeView): Decision {
  const { self, pin, routes } = view
  const isContender = self.state === 'MASTER' && !view.isUnreachable
  const contest = isContender ? contestOf(view) : contestFromOutside(view)
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

/** Where things stand, to one who is no node of the cluster and decides nothing. */
export type Assessment = Pick<Decision, 'intended' | 'condition' | 'reason'> & {
  /** How many contend. */
  readonly masters: number
}

/** `scene.others` are all nodes. */
export function assess(scene: ClusterView): Assessment {
  const contest = contestFromOutside(scene)
  const intended = scene.pin?.eni ?? contest.winner?.eni
  const misplaced = misplacedOf(scene.routes, intended)
  return {
    intended,
    condition: conditionOf(scene, contest.rivals.length, misplaced.length),
    reason: assessmentReason(scene, contest, misplaced),
    masters: contest.rivals.length,
  }
}

/** As a contender sees it. */
function contestOf({ self, mute, others }: NodeView): Contest {
  const masters = mastersOf(others)
  // Those others cannot see a mute node, whether they live or not: it has to give way.
  if (mute && masters.length > 0) return { rivals: masters, winner: elect(masters.map(({ claim }) => claim)) }
  const rivals = masters.filter(({ liveness }) => isLive(liveness))
  return { rivals, winner: elect([self, ...rivals.map(({ claim }) => claim)]) }
}

/** As it looks to all others: for them, a master that has long been silent is the usual thing, since all is well. */
function contestFromOutside({ others, routes }: ClusterView): Contest {
  const masters = mastersOf(others)
  const live = masters.filter(({ liveness }) => isLive(liveness))
  if (live.length > 0) return { rivals: live, winner: elect(live.map(({ claim }) => claim)) }
  const owner = masters.filter(({ claim }) => routes.every(({ standing }) => isAt(standing, claim.eni)))
  const winner = elect((owner.length > 0 ? owner : masters).map(({ claim }) => claim))
  return { rivals: masters.filter(({ claim }) => claim === winner), winner }
}

function mastersOf(others: ClusterView['others']): ObservedClaim[] {
  return others.filter(({ claim, liveness }) => claim.state === 'MASTER' && liveness !== 'unreachable')
}

function misplacedOf(routes: ClusterView['routes'], intended: EniId | undefined): ClusterView['routes'] {
  return intended ? routes.filter(({ standing }) => !isAt(standing, intended)) : []
}

/** A refused route is at nobody's: it is not ours to put anywhere. */
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

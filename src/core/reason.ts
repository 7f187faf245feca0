/** Sentences that explain a decision for people to act on. */
import type { Claim } from './claim.ts'
import type { ClusterView, Contest, NodeView, ObservedClaim, ObservedRoute } from './decide.ts'
import { targetText } from './route-target.ts'
import { destinationText } from './vip.ts'

const SHOWN_ROUTES = 3

const LASTING =
  'this lasts: check that the security groups let IP protocol 112 (VRRP) through between the nodes, both ways'
const MUTE = 'our claim could not be published (the log says why)'

/** Nobody contends. */
export function idleReason(view: NodeView): string {
  if (view.self.state !== 'MASTER') return nobodyText(view)
  const routes = `routes left as they are: ${routesText(view.routes)}`
  return `${unreachableText(view)}, and nobody else claims to be MASTER; ${routes}`
}

/** We are not MASTER, and the routes belong to another node. */
export function bystanderReason(view: NodeView, { winner }: Contest, misplaced: ClusterView['routes']): string {
  return `we are ${claimText(view.self)}; the routes ${whoseText(view, winner)}; ${placeText(view.routes, misplaced)}`
}

/** For an observer outside the cluster. */
export function assessmentReason(
  view: ClusterView,
  { rivals, winner }: Contest,
  misplaced: ClusterView['routes'],
): string {
  if (!winner && !view.pin) return nobodyText(view)
  const contest = rivals.length > 1 ? `split brain${doubtText(rivals)}: ${nodesText(rivals)}; ` : ''
  return `${contest}the routes ${whoseText(view, winner)}; ${placeText(view.routes, misplaced)}`
}

/** We are MASTER, but the routes belong to another node. */
export function yieldReason(view: NodeView, { rivals, winner }: Contest): string {
  const { self, pin } = view
  const us = `we are ${claimText(self)}`
  if (pin) return `the routes are pinned to ${pin.eni}; ${us}, but leave them to it`
  const whose = winner ? nodeText(winner) : 'nobody'
  if (view.isUnreachable) return `${unreachableText(view)}; leaving the routes to ${whose}`
  if (view.mute) return `${whose}, cannot see us, since ${MUTE}; ${us}, but leave the routes to it`
  if (rivals.find(({ claim }) => claim === winner)?.liveness !== 'alive') {
    return `${whose}, is not known to be alive or dead yet; ${us}: leaving the routes as they are until it is`
  }
  return `${whose}, is alive; ${us}: split brain, leaving the routes to it${causeText(view, rivals)}`
}

/** The routes belong to us. */
export function ownReason(view: NodeView, { rivals }: Contest): string {
  const { self, mute, pin, routes } = view
  const us = pin ? `the routes are pinned to us, ${self.eni}` : `we are ${claimText(self)}`
  const place = routes.every(({ standing }) => standing.kind === 'in-place' || standing.kind === 'refused')
    ? `; ${placeText(routes, [])}`
    : ''
  if (mute && !pin) return `${us}, but ${MUTE}${place}`
  if (pin || rivals.length === 0) return `${us}${place}`
  const known = rivals.map(
    ({ claim, liveness }) => `${nodeText(claim)}, ${liveness === 'alive' ? 'is' : 'may be'} alive`,
  )
  const isAlive = rivals.some(({ liveness }) => liveness === 'alive')
  const isTie = rivals.some(({ claim }) => claim.priority === self.priority)
  const win = `${isAlive ? 'split brain, which we win' : 'we win in any case'}${isTie ? ' by our higher address' : ''}`
  return `${known.join(', and ')}; ${us}: ${win}${place}${causeText(view, rivals)}`
}

export function takingText({ mute }: NodeView, due: readonly ObservedRoute[]): string {
  return `taking ${routesText(due)}${mute ? ', more and more rarely' : ''}`
}

/** An observer who reads only once cannot tell who is alive. */
function doubtText(rivals: readonly ObservedClaim[]): string {
  const doubted = rivals.filter(({ liveness }) => liveness === 'unknown').map(({ claim }) => claim.eni)
  if (doubted.length === 0) return ''
  return doubted.length === rivals.length ? ', if they are alive' : `, if ${doubted.join(' and ')} is alive`
}

function nodesText(rivals: readonly ObservedClaim[]): string {
  return rivals.map(({ claim }) => nodeText(claim)).join(', and ')
}

function nobodyText({ others, routes }: ClusterView): string {
  const silent = others.filter(({ claim, liveness }) => claim.state === 'MASTER' && liveness === 'expired')
  const nobody =
    silent.length > 0
      ? `nobody who shows life claims to be MASTER: ${nodesText(silent)}, is silent, and does not take the routes`
      : 'nobody claims to be MASTER'
  return `${nobody}; routes left as they are: ${routesText(routes)}`
}

function whoseText({ pin }: ClusterView, winner: Claim | undefined): string {
  return pin ? `are pinned to ${pin.eni}` : `belong to ${winner ? nodeText(winner) : 'nobody'}`
}

function causeText({ isPersistent }: NodeView, rivals: readonly ObservedClaim[]): string {
  return isPersistent && rivals.some(({ liveness }) => liveness === 'alive') ? `; ${LASTING}` : ''
}

function unreachableText({ self }: NodeView): string {
  return `we are ${claimText(self)}, but our interface, ${self.eni}, is not attached, and carries nothing`
}

function nodeText(claim: Claim): string {
  return `${claim.eni}, ${claimText(claim)}`
}

function claimText({ state, priority, address }: Claim): string {
  return priority === undefined ? `${state} at ${address}` : `${state} ${priority}`
}

function placeText(routes: ClusterView['routes'], misplaced: ClusterView['routes']): string {
  const refused = routes.filter(({ standing }) => standing.kind === 'refused')
  const inPlace = routes.length - refused.length - misplaced.length
  if (inPlace === routes.length)
    return routes.length === 1 ? 'the route is in place' : `all ${inPlace} routes are in place`
  const parts = [
    ...(inPlace > 0 ? [`${inPlace} of ${routes.length} routes in place`] : []),
    ...(misplaced.length > 0 ? [`not in place: ${routesText(misplaced)}`] : []),
    ...(refused.length > 0 ? [`left alone: ${routesText(refused)}`] : []),
  ]
  return parts.join('; ')
}

/** The first few routes with their targets. */
function routesText(routes: ClusterView['routes']): string {
  const shown = routes.slice(0, SHOWN_ROUTES).map(({ key, standing }) => {
    return `${destinationText(key.vip)} in ${key.table} (${standingText(standing)})`
  })
  const more = routes.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function standingText(standing: ObservedRoute['standing']): string {
  if (standing.kind === 'refused') return standing.reason
  if (standing.kind === 'missing') return 'missing'
  return `${standing.route.state === 'blackhole' ? 'a blackhole ' : ''}at ${targetText(standing.route.target)}`
}

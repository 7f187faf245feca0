/**
 * Detects writers outside the cluster that keep taking routes from us. Nodes may take routes from each other, and claim
 * them when they do: so a route set to a node counts only if that node's claims do not explain it.
 */
import type { NodeView } from '../decide.ts'
import type { Detail } from '../detail.ts'
import { isLive } from '../liveness.ts'
import { type RouteKey, routeKeyText } from '../route.ts'
import { targetText } from '../route-target.ts'
import type { Reading } from './inputs-and-effects.ts'
import type { ProtocolState, Taker, Taking } from './state.ts'
import type { Turn } from './turn.ts'

/** In milliseconds, like all below. */
const MEMORY = 3_600_000
const TAKINGS_BEFORE_NAMED = 3
const BRAKE = 600_000
/**
 * A claim explains what happens to a route within this time before and after it. A former master's write may arrive
 * seconds late; a new master's claim, published alongside its first write, after a timeout or two.
 */
const EXPLAINED_WITHIN = 20_000
const SHOWN = 3

const SEARCH =
  'search CloudTrail for ReplaceRoute (also CreateRoute, DeleteRoute): aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=ReplaceRoute'

/**
 * Learns from a good read who holds the routes, and whether claims explain it.
 * @param askedAt when the read was issued: what it shows is no older
 * @param isFirst whether this is the first read since this node became MASTER: a node that claims MASTER was so until now
 */
export function watchHolders(turn: Turn, { others, routes }: NodeView, askedAt: number, isFirst: boolean): void {
  const { state, now } = turn
  const explanations = others.map(({ claim, liveness }) => {
    const known = state.explanations[claim.eni]
    const isMaster = claim.state === 'MASTER' && (isLive(liveness) || isFirst)
    // It may have been MASTER briefly between two reads.
    const hasMoved = known !== undefined && known.since !== claim.since
    return [claim.eni, { since: claim.since, at: isMaster || hasMoved ? now.monotonic : known?.at }] as const
  })
  state.explanations = Object.fromEntries(explanations)
  const inPlace = routes.filter(({ standing }) => standing.kind === 'in-place')
  state.heldAt = { ...state.heldAt, ...Object.fromEntries(inPlace.map(({ key }) => [routeKeyText(key), askedAt])) }
  judgeSuspects(turn)
}

/** Forgets that routes were ours: they belong to another node, so changes to them are not takings. */
export function forgetHeld({ state }: Pick<Turn, 'state'>): void {
  Object.assign(state, { heldAt: {}, suspects: [] })
}

/** Judges suspects once a claim has had enough time to appear. */
function judgeSuspects({ state, now }: Turn): void {
  const due = state.suspects.filter(({ at }) => now.monotonic - at >= EXPLAINED_WITHIN)
  if (due.length === 0) return
  state.suspects = state.suspects.filter((suspect) => !due.includes(suspect))
  for (const suspect of due) if (!isExplained(state, suspect.taker)) count(state, suspect)
}

/** Whether a claim explains the taking. A missing claim is no evidence against its node. */
function isExplained({ explanations }: ProtocolState, taker: Taker): boolean {
  if (taker.kind !== 'member') return false
  const explanation = explanations[taker.eni]
  return explanation === undefined || (explanation.at ?? Number.NEGATIVE_INFINITY) >= taker.heldAt - EXPLAINED_WITHIN
}

function count(state: ProtocolState, taking: Taking): void {
  const all = [...(state.takings[taking.route] ?? []), taking]
  const isOfLast = ({ taker }: Taking, index: number) =>
    all.slice(index).filter((each) => each.taker.kind === taker.kind).length <= TAKINGS_BEFORE_NAMED
  state.takings = { ...state.takings, [taking.route]: all.filter(isOfLast) }
}

/** The takings of one route within the last hour, if there are at least three. */
function repeated(takings: readonly Taking[], now: number): readonly Taking[] {
  const recent = takings.filter(({ at }) => now - at < MEMORY)
  return recent.length < TAKINGS_BEFORE_NAMED ? [] : recent
}

/** Notes who took these routes from us, just before they are taken back. */
export function noteTakers({ state }: Turn, due: readonly RouteKey[], reading: Reading): void {
  const takers = due.flatMap((key) => {
    const taker = takerOf(state, key, reading)
    return taker ? [[routeKeyText(key), taker] as const] : []
  })
  state.healing = { ...state.healing, ...Object.fromEntries(takers) }
}

/**
 * Who took the route, if anybody did. A route that was never ours is taken over, not back; but an outsider is wrong in any
 * case. A blackhole is nobody's doing: it remains when a target goes away, along with its claim. While we are mute, other
 * members may be unable to publish, too, so they are not accused.
 */
function takerOf({ heldAt, mute }: ProtocolState, key: RouteKey, { routes, claims }: Reading): Taker | undefined {
  const text = routeKeyText(key)
  const standing = routes.find((route) => routeKeyText(route.key) === text)?.standing
  const held = heldAt[text]
  if (standing?.kind === 'missing') return held === undefined ? undefined : { kind: 'deleter' }
  if (standing?.kind !== 'elsewhere' || standing.route.state !== 'active') return undefined
  const { target } = standing.route
  const member = claims.find(({ claim }) => target.kind === 'eni' && claim.eni === target.eni)?.claim
  if (!member) return { kind: 'outsider', target: targetText(target) }
  return held === undefined || mute ? undefined : { kind: 'member', eni: member.eni, heldAt: held }
}

/** Notes that a route's write was accepted: the route is ours, and may have been taken back from somebody. */
export function noteTakenBack({ state, now }: Turn, route: string): void {
  const taker = state.healing[route]
  state.heldAt = { ...state.heldAt, [route]: now.monotonic }
  if (!taker) return
  const taking = { route, taker, at: now.monotonic }
  if (taker.kind === 'member') state.suspects = [...state.suspects, taking]
  else count(state, taking)
}

/**
 * Whether to leave a route with an outsider for now: one that outsiders take repeatedly is taken back only once per
 * `BRAKE`. Routes taken by a member, or missing, are not braked, because they lead nowhere.
 */
export function isBraked({ state, now }: Turn, key: RouteKey, reading: Reading): boolean {
  const last = repeated(byOutsiders(state.takings[routeKeyText(key)] ?? []), now.monotonic).at(-1)
  if (!last || now.monotonic - last.at >= BRAKE) return false
  return takerOf(state, key, reading)?.kind === 'outsider'
}

function byOutsiders(takings: readonly Taking[]): readonly Taking[] {
  return takings.filter(({ taker }) => taker.kind === 'outsider')
}

/** A detail that names whoever has taken a route at least three times within an hour. */
export function externalWriters({ state, now }: Turn): Detail[] {
  const takings = Object.values(state.takings).flatMap((each) => repeated(each, now.monotonic))
  if (takings.length === 0) return []
  const deeds = listed(takings.map(({ taker }) => deedText(taker)))
  const routes = listed(takings.map(({ route }) => route.split(' ').reverse().join(' in ')))
  const message = `routes were ${deeds}: look for Terraform, another tool, an operator (${routes})`
  const isBraking = Object.values(state.takings).some((each) => repeated(byOutsiders(each), now.monotonic).length > 0)
  const brake = `; what outsiders take is taken back at most once every ${BRAKE / 60_000} minutes`
  return [{ kind: 'external-writer', message: `${message}${isBraking ? brake : ''}`, hint: SEARCH }]
}

function deedText(taker: Taker): string {
  switch (taker.kind) {
    case 'member':
      return `set to ${taker.eni}, which does not claim them`
    case 'outsider':
      return `set to ${taker.target}, which is not a node of the cluster`
    case 'deleter':
      return 'deleted'
  }
}

/** The distinct texts, up to a few. */
function listed(texts: readonly string[]): string {
  const distinct = [...new Set(texts)]
  const more = distinct.length - SHOWN
  return `${distinct.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

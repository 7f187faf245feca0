/**
 * Whether something other than the cluster's nodes keeps taking routes from us. Nodes take routes from each other by
 * right, and claim them: so a route that was set to a node counts only if that node's claims do not explain it.
 */
import type { NodeView } from '../decide.ts'
import type { Detail } from '../detail.ts'
import { isLive } from '../liveness.ts'
import { type RouteKey, routeKeyText, targetText } from '../route.ts'
import type { ProtocolState, Reading, Taker, Taking } from './state.ts'
import type { Turn } from './turn.ts'

/** Milliseconds, as all below. */
const MEMORY = 3_600_000
const TAKINGS_BEFORE_NAMED = 3
const BRAKE = 600_000
/**
 * A claim explains what happened to a route so long before and after it. A former master's write may arrive seconds late, and
 * a new master's claim, which is published beside its first write, after a time-out or two.
 */
const EXPLAINED_WITHIN = 20_000
const SHOWN = 3

const SEARCH =
  'search CloudTrail for ReplaceRoute (also CreateRoute, DeleteRoute): aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=ReplaceRoute'

/**
 * What a good read shows of who has the routes, and by which right.
 * @param askedAt what was read is not older
 * @param isFirst whether nothing was read since this node became MASTER: whoever claims to be one was it until now
 */
export function watchHolders(turn: Turn, { others, routes }: NodeView, askedAt: number, isFirst: boolean): void {
  const { state, now } = turn
  const explanations = others.map(({ claim, liveness }) => {
    const known = state.explanations[claim.eni]
    const isMaster = claim.state === 'MASTER' && (isLive(liveness) || isFirst)
    // It may have been MASTER for a moment that no read has shown.
    const hasMoved = known !== undefined && known.since !== claim.since
    return [claim.eni, { since: claim.since, at: isMaster || hasMoved ? now.monotonic : known?.at }] as const
  })
  state.explanations = Object.fromEntries(explanations)
  const inPlace = routes.filter(({ standing }) => standing.kind === 'in-place')
  state.heldAt = { ...state.heldAt, ...Object.fromEntries(inPlace.map(({ key }) => [routeKeyText(key), askedAt])) }
  judgeSuspects(turn)
}

/** The routes are another's: what happens to them is no taking. */
export function forgetHeld({ state }: Pick<Turn, 'state'>): void {
  Object.assign(state, { heldAt: {}, suspects: [] })
}

/** Once enough time has passed for a claim to show. */
function judgeSuspects({ state, now }: Turn): void {
  const due = state.suspects.filter(({ at }) => now.monotonic - at >= EXPLAINED_WITHIN)
  if (due.length === 0) return
  state.suspects = state.suspects.filter((suspect) => !due.includes(suspect))
  for (const suspect of due) if (!isExplained(state, suspect.taker)) count(state, suspect)
}

/** A claim that is gone accuses nobody. */
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

/** Those of one route within the last hour; none before the third. */
function repeated(takings: readonly Taking[], now: number): readonly Taking[] {
  const recent = takings.filter(({ at }) => now - at < MEMORY)
  return recent.length < TAKINGS_BEFORE_NAMED ? [] : recent
}

/** Who has taken these routes from us, which are about to be taken back. */
export function noteTakers({ state }: Turn, due: readonly RouteKey[], reading: Reading): void {
  const takers = due.flatMap((key) => {
    const taker = takerOf(state, key, reading)
    return taker ? [[routeKeyText(key), taker] as const] : []
  })
  state.healing = { ...state.healing, ...Object.fromEntries(takers) }
}

/**
 * What was never ours is taken over, not back; but an outsider has no business there in any case. A blackhole is nobody's
 * deed: it is left when a target goes away, its claim with it. Where our own claim cannot be published, it may be so with
 * another's.
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

/** The write of a route was accepted: it is ours, and may have been taken back from somebody. */
export function noteTakenBack({ state, now }: Turn, route: string): void {
  const taker = state.healing[route]
  state.heldAt = { ...state.heldAt, [route]: now.monotonic }
  if (!taker) return
  const taking = { route, taker, at: now.monotonic }
  if (taker.kind === 'member') state.suspects = [...state.suspects, taking]
  else count(state, taking)
}

/**
 * A route that outsiders take again and again is taken back from them more and more rarely. Not so from a member, or where
 * it is missing: there it leads nowhere.
 */
export function isBraked({ state, now }: Turn, key: RouteKey, reading: Reading): boolean {
  const last = repeated(byOutsiders(state.takings[routeKeyText(key)] ?? []), now.monotonic).at(-1)
  if (!last || now.monotonic - last.at >= BRAKE) return false
  return takerOf(state, key, reading)?.kind === 'outsider'
}

function byOutsiders(takings: readonly Taking[]): readonly Taking[] {
  return takings.filter(({ taker }) => taker.kind === 'outsider')
}

/** Whoever has changed a route for the third time within an hour. */
export function externalWriters({ state, now }: Turn): Detail[] {
  const takings = Object.values(state.takings).flatMap((each) => repeated(each, now.monotonic))
  if (takings.length === 0) return []
  const deeds = listed(takings.map(({ taker }) => deedText(taker)))
  const routes = listed(takings.map(({ route }) => route.split(' ').reverse().join(' in ')))
  const message = `routes were ${deeds}: look for Terraform, another tool, an operator (${routes})`
  const isBraking = Object.values(state.takings).some((each) => repeated(byOutsiders(each), now.monotonic).length > 0)
  const brake = `; from what is no node they are taken back every ${BRAKE / 60_000} minutes at most`
  return [{ kind: 'external-writer', message: `${message}${isBraking ? brake : ''}`, hint: SEARCH }]
}

function deedText(taker: Taker): string {
  switch (taker.kind) {
    case 'member':
      return `set to ${taker.eni}, which does not claim them`
    case 'outsider':
      return `set to ${taker.target}, which is no node of the cluster`
    case 'deleter':
      return 'deleted'
  }
}

/** Each once, and not too many. */
function listed(texts: readonly string[]): string {
  const distinct = [...new Set(texts)]
  const more = distinct.length - SHOWN
  return `${distinct.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

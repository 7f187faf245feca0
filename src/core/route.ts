/** Routes as read, and what may be done to them. */
import type { EniId, InstanceId, RouteTableId } from './ids.ts'
import { type Target, targetName, targetText } from './route-target.ts'
import { contains, type Destination, destinationText, isHost, sameDestination } from './vip.ts'

export type Route = {
  readonly destination: Destination
  readonly target: Target
  /** EC2's word: `active`, `blackhole`, `filtered` … Only an active one carries traffic. */
  readonly state: string
  /** EC2's word for how it was made. */
  readonly origin: string
}

export type RouteTable = {
  readonly id: RouteTableId
  readonly name: string | undefined
  readonly vpc: string
  readonly tags: Readonly<Record<string, string>>
  readonly routes: readonly Route[]
}

/** A managed route: a VIP in a table. */
export type RouteKey = { readonly table: RouteTableId; readonly vip: Destination }

/** The result for one of several routes. */
export type RouteOutcome = {
  readonly key: RouteKey
  /**
   * - `permitted`: a dry run succeeded
   * - `unconfirmed`: EC2 accepted the write, but the route was not read back in place
   */
  readonly verdict: 'done' | 'permitted' | 'refused' | 'unconfirmed' | 'failed'
  /** For people: what was done, or why not. */
  readonly detail: string
}

/** How to describe a target to people. */
export type TargetFacts = {
  readonly instance: InstanceId | undefined
  /** Name tag of the instance. */
  readonly name: string | undefined
  readonly zone: string | undefined
  readonly vpc?: string | undefined
  /** Whether the instance is running, so that it can carry traffic, if known. */
  readonly isRunning?: boolean | undefined
}

/** What the config permits for a VRRP instance's routes. */
export type RoutePolicy = {
  readonly createMissing: boolean
  /** Ids of foreign targets (`nat-…`, `tgw-…`, `vgw-…`) that may be replaced all the same. */
  readonly takeOver: readonly string[]
  /** The VPC of the interface that the routes are to point to, if known: EC2 accepts no route from another. */
  readonly vpc?: string | undefined
}

/** The state of a route relative to the ENI it should point to. */
export type Standing =
  | { readonly kind: 'in-place'; readonly route: Route }
  | { readonly kind: 'elsewhere'; readonly route: Route }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string; readonly route: Route | undefined }

/** A planned move of one route. */
export type Move = { readonly key: RouteKey; readonly table: RouteTable; readonly standing: Standing }

/** A VIP in a table, for listing. */
export type ListedRoute = {
  readonly vip: Destination
  /** The route, unless it is missing though the config requires it. */
  readonly route: Route | undefined
  /** The VRRP instance that owns the VIP, from the config. */
  readonly vrrpInstance: string | undefined
}

export type ListedTable = { readonly table: RouteTable; readonly routes: readonly ListedRoute[] }

/**
 * Whether somebody created the route, and so may replace it. All others come and go with what makes them, whatever else
 * EC2 will add; of the same destination, the static one takes precedence.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
 */
export function isStatic({ origin }: Pick<Route, 'origin'>): boolean {
  return origin === 'CreateRoute' || origin === 'CreateRouteTable'
}

/** The route with exactly this destination; the static one rather than any other. */
export function findRoute(table: RouteTable, destination: Destination): Route | undefined {
  const matches = table.routes.filter((route) => sameDestination(route.destination, destination))
  return matches.find(isStatic) ?? matches[0]
}

/**
 * Judges the route to `vip` in `table`. A blackhole is `elsewhere` even at `eni`, since it carries no traffic.
 * @param eni undefined for an observer without one, for whom our routes are never in place
 */
export function standingOf(table: RouteTable, vip: Destination, eni: EniId | undefined, policy: RoutePolicy): Standing {
  const route = findRoute(table, vip)
  const reason = refusalOf(table, vip, policy)
  if (reason) return { kind: 'refused', reason, route }
  if (!route) return { kind: 'missing' }
  return { kind: eni !== undefined && isInPlace(route, eni) ? 'in-place' : 'elsewhere', route }
}

/** Whether the route carries traffic to the ENI. */
export function isInPlace(route: Route, eni: EniId): boolean {
  const { target, state } = route
  return state === 'active' && isStatic(route) && target.kind === 'eni' && target.eni === eni
}

/** Why the route to `vip` in `table` is not ours to write; undefined if it is. */
export function refusalOf(table: RouteTable, vip: Destination, policy: RoutePolicy): string | undefined {
  const route = findRoute(table, vip)
  if (policy.vpc !== undefined && table.vpc !== policy.vpc) return otherVpcText(table, policy.vpc)
  const inside = rangeRefusal(vip, localRanges([table]))
  if (inside) return inside
  if (!route) {
    return policy.createMissing ? undefined : 'there is no such route, and createMissing is off'
  }
  if (!isForeign(route) || policy.takeOver.includes(targetText(route.target))) return undefined
  return `the route ${placeOf(route)}, which is not ours to replace; ${remedyFor(route)}`
}

function otherVpcText({ id, vpc }: RouteTable, wanted: string): string {
  return `${id} is in ${vpc}, and the interface in ${wanted}: EC2 accepts no route from one VPC to the other`
}

/** Where a foreign route leads, or who made it, as a predicate. */
function placeOf({ origin, target, ...route }: Route): string {
  const place = target.kind === 'none' ? undefined : targetName(target)
  if (isStatic({ ...route, origin })) return `points to ${place ?? 'a kind of target that this version does not know'}`
  const to = place === undefined ? '' : ` to ${place}`
  switch (origin) {
    case 'EnableVgwRoutePropagation':
      return `is propagated from ${place ?? MAKERS[origin]}`
    case 'Advertisement':
      return `is advertised by ${MAKERS[origin]}${to}`
    default:
      return `was not created statically (its origin is ${origin || 'unknown'})${to && `, and leads${to}`}`
  }
}

function remedyFor(route: Route): string {
  const { target, origin } = route
  if (target.kind === 'local') return 'choose another VIP'
  if (target.kind !== 'none') return `to allow it, name ${targetText(target)} in takeOver of its instance in the config`
  if (isStatic(route)) return 'delete or replace it by hand to let vip-switch write it'
  return `it names no target for takeOver to allow: ${WITHDRAWALS[origin] ?? 'remove it where it comes from'}`
}

/** How to be rid of a route that nobody created, by its origin. */
const WITHDRAWALS: Readonly<Record<string, string>> = {
  EnableVgwRoutePropagation: 'disable the propagation to this table (aws ec2 disable-vgw-route-propagation)',
  Advertisement:
    'stop advertising it, or disable the propagation to this table (aws ec2 disable-route-server-propagation)',
}

/** The CIDRs of the VPC, which every table has as `local` routes. */
export function localRanges(tables: readonly RouteTable[]): Destination[] {
  const local = tables.flatMap(({ routes }) => routes.filter(({ target }) => target.kind === 'local'))
  return [...new Map(local.map(({ destination }) => [destinationText(destination), destination])).values()]
}

/** The range of the VPC that contains the VIP, if any; EC2 accepts no route to it. A range may be a whole subnet's. */
export function rangeAround(vip: Destination, ranges: readonly Destination[]): Destination | undefined {
  return isHost(vip) ? ranges.find((each) => contains(each, vip)) : undefined
}

/** Why a VIP in one of the VPC's ranges cannot be routed; undefined if it is in none. */
export function rangeRefusal(vip: Destination, ranges: readonly Destination[]): string | undefined {
  const range = rangeAround(vip, ranges)
  return (
    range &&
    `${destinationText(vip)} is inside the VPC's own ${destinationText(range)}, where EC2 accepts no such route: choose a VIP outside every CIDR of the VPC`
  )
}

/**
 * Whether the route belongs to somebody else: nobody created it, or it leads neither to an ENI nor to an instance, and is
 * no blackhole. A target that EC2 does not name is one of a kind that we do not know.
 */
export function isForeign(route: Route): boolean {
  if (!isStatic(route)) return true
  if (route.state === 'blackhole') return false
  return route.target.kind !== 'eni' && route.target.kind !== 'instance'
}

/** Where a route leads, for people, also if EC2 names no target. */
export function whereTo({ target, origin, state }: Route): string {
  if (target.kind !== 'none') return targetName(target)
  return MAKERS[origin] ?? (state === 'blackhole' ? targetText(target) : 'an unknown target')
}

/** Who makes the routes that nobody created, by their origin. */
const MAKERS: Readonly<Record<string, string>> = {
  EnableVgwRoutePropagation: 'a virtual private gateway',
  Advertisement: 'a VPC Route Server',
}

/** A route's target, and its state unless it carries traffic. */
export function routeText({ target, state }: Route): string {
  return state === 'active' ? targetText(target) : `${targetText(target)} (${state})`
}

/** A route's key for use in maps. */
export function routeKeyText(key: RouteKey): string {
  return `${key.table} ${destinationText(key.vip)}`
}

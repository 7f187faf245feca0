/** Routes as read, and what may be done to them. */
import type { EniId, InstanceId, RouteTableId } from './ids.ts'
import { contains, type Destination, destinationText, isHost, sameDestination } from './vip.ts'

export type Target =
  | { readonly kind: 'eni'; readonly eni: EniId; readonly instance: InstanceId | undefined }
  | { readonly kind: 'instance'; readonly instance: InstanceId }
  | { readonly kind: 'local' }
  /** A NAT, transit, internet or virtual private gateway, a peering connection and so on: never ours. */
  | { readonly kind: 'other'; readonly id: string }
  /** EC2 reports no target, as for a blackhole whose target is gone. */
  | { readonly kind: 'none' }

export type Route = {
  readonly destination: Destination
  readonly target: Target
  readonly state: 'active' | 'blackhole'
  /** Propagated by a virtual private gateway; a static route with the same CIDR takes precedence. */
  readonly propagated: boolean
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
  /** Whether the instance is running, so that it can carry traffic, if known. */
  readonly isRunning?: boolean | undefined
}

/** What the config permits for a VRRP instance's routes. */
export type RoutePolicy = {
  readonly createMissing: boolean
  /** Ids of foreign targets (`nat-…`, `tgw-…`, `vgw-…`) that may be replaced all the same. */
  readonly takeOver: readonly string[]
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

/** The route with exactly this destination; the static one rather than a propagated one. */
export function findRoute(table: RouteTable, destination: Destination): Route | undefined {
  const matches = table.routes.filter((route) => sameDestination(route.destination, destination))
  return matches.find((route) => !route.propagated) ?? matches[0]
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
export function isInPlace({ target, state, propagated }: Route, eni: EniId): boolean {
  return state === 'active' && !propagated && target.kind === 'eni' && target.eni === eni
}

/** Why the route to `vip` in `table` is not ours to write; undefined if it is. */
export function refusalOf(table: RouteTable, vip: Destination, policy: RoutePolicy): string | undefined {
  const route = findRoute(table, vip)
  const inside = rangeRefusal(vip, localRanges([table]))
  if (inside) return inside
  if (!route) {
    return policy.createMissing ? undefined : 'there is no such route, and createMissing is off'
  }
  if (!isForeign(route)) return undefined
  const owner = targetText(route.target)
  if (policy.takeOver.includes(owner)) return undefined
  const how = route.propagated ? `is propagated from ${owner}` : `points to ${owner}`
  return `the route ${how}, which is not ours to replace; to allow it, name ${owner} in takeOver of its instance in the config`
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

/** Whether the route belongs to somebody else: its target is not an ENI, an instance or a blackhole. */
export function isForeign(route: Route): boolean {
  if (route.propagated) return true
  if (route.state === 'blackhole') return false
  return route.target.kind === 'other' || route.target.kind === 'local'
}

/** The target's id in EC2. */
export function targetText(target: Target): string {
  switch (target.kind) {
    case 'eni':
      return target.eni
    case 'instance':
      return target.instance
    case 'local':
      return 'local'
    case 'other':
      return target.id
    case 'none':
      return 'nothing'
  }
}

/** A route's target, and whether it is a blackhole. */
export function routeText(route: Route): string {
  return route.state === 'blackhole' ? `${targetText(route.target)} (blackhole)` : targetText(route.target)
}

/** A route's key for use in maps. */
export function routeKeyText(key: RouteKey): string {
  return `${key.table} ${destinationText(key.vip)}`
}

/** Routes as they were read, and what may be done to one. */
import type { EniId, InstanceId, RouteTableId } from './ids.ts'
import { contains, type Destination, destinationText, isHost, sameDestination } from './vip.ts'

export type Target =
  | { readonly kind: 'eni'; readonly eni: EniId; readonly instance: InstanceId | undefined }
  | { readonly kind: 'instance'; readonly instance: InstanceId }
  | { readonly kind: 'local' }
  /** A NAT, transit, internet or virtual private gateway, a peering connection …: never ours. */
  | { readonly kind: 'other'; readonly id: string }
  /** EC2 names no target, as for a blackhole whose target is gone. */
  | { readonly kind: 'none' }

export type Route = {
  readonly destination: Destination
  readonly target: Target
  readonly state: 'active' | 'blackhole'
  /** Put there by a virtual private gateway; a static route of the same CIDR wins over it. */
  readonly propagated: boolean
}

export type RouteTable = {
  readonly id: RouteTableId
  readonly name: string | undefined
  readonly vpc: string
  readonly tags: Readonly<Record<string, string>>
  readonly routes: readonly Route[]
}

/** One route that we manage: a VIP in one table. */
export type RouteKey = { readonly table: RouteTableId; readonly vip: Destination }

/** How one route of several came out. */
export type RouteOutcome = {
  readonly key: RouteKey
  /**
   * - `permitted`: a dry run's good end
   * - `unconfirmed`: EC2 accepted the write, but the route was not read back in place
   */
  readonly verdict: 'done' | 'permitted' | 'refused' | 'unconfirmed' | 'failed'
  /** For people: what was done, or why not. */
  readonly detail: string
}

/** What people call a target. */
export type TargetFacts = {
  readonly instance: InstanceId | undefined
  /** Name tag of the instance. */
  readonly name: string | undefined
  readonly zone: string | undefined
  /** Whether the instance runs, so that it can carry traffic; undefined where EC2 does not tell. */
  readonly isRunning?: boolean | undefined
}

/** What the config allows to be done to a VRRP instance's routes. */
export type RoutePolicy = {
  readonly createMissing: boolean
  /** Ids of targets of others (`nat-…`, `tgw-…`, `vgw-…`) that may be replaced all the same. */
  readonly takeOver: readonly string[]
}

/** Where one route stands, seen from the ENI that it should point to. */
export type Standing =
  | { readonly kind: 'in-place'; readonly route: Route }
  | { readonly kind: 'elsewhere'; readonly route: Route }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string; readonly route: Route | undefined }

/** One route of a switch, before it is made. */
export type Move = { readonly key: RouteKey; readonly table: RouteTable; readonly standing: Standing }

/** One VIP of a table, as it is listed. */
export type ListedRoute = {
  readonly vip: Destination
  /** Undefined: the config asks for it, and it is missing. */
  readonly route: Route | undefined
  /** The VRRP instance of the config whose VIP it is. */
  readonly vrrpInstance: string | undefined
}

export type ListedTable = { readonly table: RouteTable; readonly routes: readonly ListedRoute[] }

/** The route of exactly this destination; the static one where a propagated one stands beside it. */
export function findRoute(table: RouteTable, destination: Destination): Route | undefined {
  const matches = table.routes.filter((route) => sameDestination(route.destination, destination))
  return matches.find((route) => !route.propagated) ?? matches[0]
}

/**
 * Judges the route of `vip` in `table`. A blackhole is `elsewhere` even at `eni`, since it carries nothing.
 * @param eni undefined: nobody's, so that a route of ours is never in place
 */
export function standingOf(table: RouteTable, vip: Destination, eni: EniId | undefined, policy: RoutePolicy): Standing {
  const route = findRoute(table, vip)
  const reason = refusalOf(table, vip, policy)
  if (reason) return { kind: 'refused', reason, route }
  if (!route) return { kind: 'missing' }
  return { kind: eni !== undefined && isInPlace(route, eni) ? 'in-place' : 'elsewhere', route }
}

/** Whether the route carries its traffic to the ENI. */
export function isInPlace({ target, state, propagated }: Route, eni: EniId): boolean {
  return state === 'active' && !propagated && target.kind === 'eni' && target.eni === eni
}

/** Why the route of `vip` in `table` is not ours to write; undefined if it is. */
export function refusalOf(table: RouteTable, vip: Destination, policy: RoutePolicy): string | undefined {
  const route = findRoute(table, vip)
  const inside = rangeRefusal(vip, localRanges([table]))
  if (inside) return inside
  if (!route) {
    return policy.createMissing ? undefined : 'there is no such route, and none may be created (createMissing)'
  }
  if (!isForeign(route)) return undefined
  const owner = targetText(route.target)
  if (policy.takeOver.includes(owner)) return undefined
  const how = route.propagated ? `is propagated from ${owner}` : `points to ${owner}`
  return `the route ${how}, which is not ours to replace; to allow it, name ${owner} in takeOver of its instance in the config`
}

/** The CIDRs of the VPC, which each of its tables has as `local` routes. */
export function localRanges(tables: readonly RouteTable[]): Destination[] {
  const local = tables.flatMap(({ routes }) => routes.filter(({ target }) => target.kind === 'local'))
  return [...new Map(local.map(({ destination }) => [destinationText(destination), destination])).values()]
}

/** The range of the VPC that the VIP is an address of; EC2 takes no route of it then. A range may be a whole subnet's. */
export function rangeAround(vip: Destination, ranges: readonly Destination[]): Destination | undefined {
  return isHost(vip) ? ranges.find((each) => contains(each, vip)) : undefined
}

/** Why a VIP in one of these ranges of the VPC cannot be routed; undefined if it is in none. */
export function rangeRefusal(vip: Destination, ranges: readonly Destination[]): string | undefined {
  const range = rangeAround(vip, ranges)
  return (
    range &&
    `${destinationText(vip)} lies inside the VPC's own ${destinationText(range)}, where EC2 takes no such route: choose a VIP outside every CIDR of the VPC`
  )
}

/** Whether the route is somebody else's: its target is neither an ENI, nor an instance, nor a blackhole. */
export function isForeign(route: Route): boolean {
  if (route.propagated) return true
  if (route.state === 'blackhole') return false
  return route.target.kind === 'other' || route.target.kind === 'local'
}

/** The target as EC2 names it. */
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

/** Where a route points, and whether anything arrives there. */
export function routeText(route: Route): string {
  return route.state === 'blackhole' ? `${targetText(route.target)} (blackhole)` : targetText(route.target)
}

/** A key of a route for maps. */
export function routeKeyText(key: RouteKey): string {
  return `${key.table} ${destinationText(key.vip)}`
}

/** Route lookup for an address. */
import { isStatic, type Route, type RouteTable } from './route.ts'
import { contains, type Destination, prefixLength } from './vip.ts'

/**
 * The route with the longest matching prefix; of two, the static one
 * (https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html). Entries of prefix lists are unknown
 * here.
 */
export function routeTo(table: Pick<RouteTable, 'routes'>, address: Destination): Route | undefined {
  return table.routes
    .filter((route) => contains(route.destination, address))
    .reduce<Route | undefined>((best, route) => (best && !isNearer(route, best) ? best : route), undefined)
}

function isNearer(route: Route, best: Route): boolean {
  const [length, bestLength] = [prefixLength(route.destination), prefixLength(best.destination)]
  return length > bestLength || (length === bestLength && !isStatic(best) && isStatic(route))
}

/** Which routes of which tables are VIPs. */

import { matches } from '../../adapters/ec2/operations/tables.ts'
import type { Config } from '../../config/schema.ts'
import { findRoute, isForeign, type ListedRoute, type ListedTable, type RouteTable } from '../../core/route.ts'
import { sameDestination } from '../../core/vip.ts'

/**
 * The VIPs in every table: those of the config, there or missing, and every other route that could be one (its target is
 * an ENI, an instance or a blackhole). Tables without any are left out.
 * @param vpc the VPC in which the config means names and tags; undefined for any
 */
export function listVips(
  tables: readonly RouteTable[],
  config: Config | undefined,
  vpc: string | undefined,
): ListedTable[] {
  return tables
    .map((table) => {
      const configured = configuredRoutes(table, config, vpc)
      const others = table.routes
        .filter((route) => !isForeign(route) && !configured.some(({ vip }) => sameDestination(vip, route.destination)))
        .map((route) => ({ vip: route.destination, route, vrrpInstance: undefined }))
      return { table, routes: [...configured, ...others] }
    })
    .filter(({ routes }) => routes.length > 0)
}

function configuredRoutes(table: RouteTable, config: Config | undefined, vpc: string | undefined): ListedRoute[] {
  return Object.entries(config?.instances ?? {})
    .filter(([, { routeTables }]) => routeTables.some((selector) => matches(selector, table, vpc)))
    .flatMap(([vrrpInstance, { vips }]) => vips.map((vip) => ({ vip, route: findRoute(table, vip), vrrpInstance })))
}

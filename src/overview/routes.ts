/** The routes of one VRRP instance, as seen by an onlooker. */

import { problemsOf, selectTables, type TableSelection } from '../adapters/ec2/operations/tables.ts'
import { routeKeys } from '../agent/node/known-routes.ts'
import type { InstanceConfig } from '../config/schema.ts'
import type { ObservedRoute } from '../core/decide.ts'
import type { EniId } from '../core/ids.ts'
import type { Place, RouteOverview } from '../core/overview.ts'
import { isInPlace, type RouteTable, type Standing, standingOf } from '../core/route.ts'

/**
 * The tables that the instance selects. Unlike the daemon, an observer continues without any.
 * @param vpc where names and tags are meant; undefined if unknown
 */
export function tablesOf(
  tables: readonly RouteTable[],
  { routeTables }: InstanceConfig,
  vpc: string | undefined,
): TableSelection {
  const problems = problemsOf(tables, routeTables, vpc)
  return problems.length < routeTables.length ? selectTables(tables, routeTables, vpc) : { tables: [], problems }
}

export function observedRoutes(
  tables: readonly RouteTable[],
  { vips, createMissing, takeOver }: InstanceConfig,
  vpc: string | undefined,
): ObservedRoute[] {
  const byId = new Map(tables.map((table) => [table.id, table]))
  return routeKeys([...byId.keys()], vips).flatMap((key) => {
    const table = byId.get(key.table)
    return table ? [{ key, standing: standingOf(table, key.vip, undefined, { createMissing, takeOver, vpc }) }] : []
  })
}

/** The routes, VIP by VIP. @param intended the node that should have them, if there is one */
export function routeOverviews(
  routes: readonly ObservedRoute[],
  tables: readonly RouteTable[],
  { vips }: InstanceConfig,
  intended: EniId | undefined,
): RouteOverview[] {
  const names = new Map(tables.map(({ id, name }) => [id, name]))
  return vips.flatMap((vip) =>
    routes
      .filter(({ key }) => key.vip === vip)
      .map(({ key, standing }) => ({
        key,
        tableName: names.get(key.table),
        place: placeOf(standing, intended),
        route: standing.kind === 'missing' ? undefined : standing.route,
      })),
  )
}

function placeOf(standing: Standing, intended: EniId | undefined): Place {
  if (standing.kind === 'missing' || !standing.route) return 'missing'
  if (standing.kind === 'refused') return 'foreign'
  if (standing.route.state === 'blackhole') return 'blackhole'
  return intended !== undefined && isInPlace(standing.route, intended) ? 'in-place' : 'elsewhere'
}

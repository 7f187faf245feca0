/** Output of `vip-switch list`. */
import { isForeign, type ListedTable, type Route, type TargetFacts, whereTo } from '../../core/route.ts'
import { targetKind, targetText } from '../../core/route-target.ts'
import { destinationText } from '../../core/vip.ts'
import { asJson, forPeople, type Printable } from '../../terminal/print.ts'
import { styleOf } from '../../terminal/style.ts'
import { countText, firstFitting, widthOf, wrapped } from '../../terminal/table.ts'

type Facts = ReadonlyMap<string, TargetFacts>

const HEADER = ['  VIP', 'STATE', 'TARGET', 'NODE', 'ZONE', 'VRRP']

function stateOf(route: Route | undefined): string {
  if (!route) return 'missing'
  return isForeign(route) ? 'foreign' : route.state
}

/**
 * @param total number of tables read
 * @param width terminal columns
 */
export const listText = forPeople(renderList)

function renderList(
  listed: readonly ListedTable[],
  facts: Facts,
  total: number,
  width: number = widthOf(process.stdout),
): string {
  if (total === 0) return 'no route table in this region'
  const { bold, dim, green, red, yellow } = styleOf(process.stdout)
  const paint = (state: string) => (state === 'active' ? green : state === 'blackhole' ? red : yellow)(state)
  const rows = listed.flatMap(({ routes }) =>
    routes.map(({ vip, route, vrrpInstance }) => {
      const state = stateOf(route)
      const { name = '', zone = '' } = (route && facts.get(targetText(route.target))) ?? {}
      const target = route ? (route.target.kind === 'none' ? whereTo(route) : targetText(route.target)) : ''
      const what = name || (route && targetKind(route.target)) || ''
      return [`  ${destinationText(vip)}`, paint(state), target, what, zone, vrrpInstance ?? '']
    }),
  )
  // The same column widths for all tables, so that they line up.
  const headed = rows.length > 0 ? [HEADER, ...rows] : []
  const texts = firstFitting([{ rows: headed }, { rows }], width)
  const header = texts.splice(0, texts.length - rows.length).map(dim)
  let next = 0
  const blocks = listed.map(({ table: { id, name, vpc }, routes }) => {
    const title = [bold(id), name, dim(vpc)].filter(Boolean).join('  ')
    const block = [wrapped(title, width), ...texts.slice(next, next + routes.length)]
    next += routes.length
    return block.join('\n')
  })
  const others = total - listed.length
  const rest =
    others > 0
      ? [dim(`${countText(others, listed.length > 0 ? 'other route table' : 'route table')} without a VIP`)]
      : []
  return [...header, ...blocks, ...rest].join('\n')
}

/** The same as JSON, version 1. */
export function listJson(listed: readonly ListedTable[], facts: Facts, region: string, total: number): Printable {
  const tables = listed.map(({ table, routes }) => ({
    id: table.id,
    name: table.name ?? null,
    vpc: table.vpc,
    routes: routes.map(({ vip, route, vrrpInstance }) => {
      const { instance, name, zone } = (route && facts.get(targetText(route.target))) ?? {}
      return {
        vip: destinationText(vip),
        state: stateOf(route),
        target: route ? targetText(route.target) : null,
        instance: instance ?? null,
        name: name ?? null,
        zone: zone ?? null,
        vrrpInstance: vrrpInstance ?? null,
      }
    }),
  }))
  return asJson({ version: 1, region, tablesRead: total, tables })
}

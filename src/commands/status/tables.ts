/** The tables of routes and nodes that `vip-switch status` shows for each VRRP instance. */
import type { EniId } from '../../core/ids.ts'
import type { TableNames } from '../../core/names.ts'
import type { InstanceOverview, NodeOverview, Overview, RouteOverview } from '../../core/overview.ts'
import { whereTo } from '../../core/route.ts'
import { targetText } from '../../core/route-target.ts'
import { destinationText } from '../../core/vip.ts'
import type { Style } from '../../terminal/style.ts'
import { firstFitting } from '../../terminal/table.ts'
import { ageText, momentText } from '../../terminal/time.ts'

/** The context for rendering. */
export type Canvas = {
  readonly overview: Overview
  readonly width: number
  readonly style: Style
  /** Display name of an ENI: its instance's name, if unique. */
  readonly nameOf: (eni: string) => string
  readonly tables: TableNames
}

/** The route tables under each VIP. What a narrow screen drops comes last; the ENI is also among the nodes. */
export function routesText({ routes, intended }: InstanceOverview, canvas: Canvas): string {
  const { width, style, nameOf } = canvas
  const owner = intended && nameOf(intended)
  const cells = routes.map((route) => {
    const where = whereText(route, canvas)
    const isAstray = owner !== undefined && route.place !== 'in-place' && route.place !== 'foreign'
    return {
      short: [`    ${route.key.table}`, route.tableName ?? '', stateText(route, owner, style), where.name, where.zone],
      eni: where.eni,
      due: isAstray ? `belongs to ${owner}` : '',
    }
  })
  const variants = [
    { rows: cells.map(({ short, eni, due }) => [...short, eni, due]) },
    { rows: cells.map(({ short, eni }) => [...short, eni]) },
    { rows: cells.map(({ short }) => short) },
  ]
  const texts = firstFitting(variants, width)
  return routes
    .map(({ key }, index) => {
      const isNext = index > 0 && routes[index - 1]?.key.vip === key.vip
      const title = isNext ? [] : [`  ${style.bold(destinationText(key.vip))}`]
      return [...title, texts[index]].join('\n')
    })
    .join('\n')
}

function stateText({ place }: RouteOverview, owner: string | undefined, { green, yellow, red }: Style): string {
  switch (place) {
    case 'in-place':
      return green('active')
    case 'elsewhere':
      return owner === undefined ? 'active' : yellow('active')
    case 'blackhole':
    case 'missing':
      return red(place)
    case 'foreign':
      return red('foreign')
  }
}

/** An unnamed target appears in the name column. */
function whereText(
  { route }: RouteOverview,
  { overview, nameOf }: Canvas,
): { name: string; zone: string; eni: string } {
  if (!route) return { name: '', zone: '', eni: '' }
  const target = targetText(route.target)
  const { zone = '', name } = overview.facts.get(target) ?? {}
  const called = route.target.kind === 'eni' ? nameOf(target) : (name ?? whereTo(route))
  return { name: called, zone, eni: called.startsWith(target) || route.target.kind === 'none' ? '' : target }
}

export function nodesText({ nodes, doubts, intended, condition }: InstanceOverview, canvas: Canvas): string {
  const unclear = doubts.filter(({ eni, of }) => of === 'claim' && !nodes.some((node) => node.eni === eni))
  if (nodes.length + unclear.length === 0) return ''
  const { overview, width, style, nameOf } = canvas
  const isContested = nodes.filter(({ state, liveness }) => state === 'MASTER' && liveness !== 'unreachable').length > 1
  const placeOf = (eni: EniId) => ({
    zone: overview.facts.get(eni)?.zone ?? '',
    eni: eni === nameOf(eni) ? '' : eni,
  })
  const known = nodes.map((node) => {
    const age = node.since ? ageText(overview.date - Date.parse(node.since)) : ''
    const isOwner = node.eni === intended
    return {
      name: `  ${isOwner ? style.bold(nameOf(node.eni)) : nameOf(node.eni)}`,
      claim: claimText(node, condition === 'SPLIT-BRAIN', style),
      age,
      since: node.since ? momentText(Date.parse(node.since)) : '',
      ...placeOf(node.eni),
      remarks: [...(isOwner ? [style.bold('owner')] : []), ...remarksOn(node, isContested, style)].join(', '),
    }
  })
  const cells = [
    ...known,
    ...unclear.map(({ eni }) => ({
      ...{ name: `  ${nameOf(eni)}`, claim: style.yellow('?'), age: '', since: '', ...placeOf(eni) },
      remarks: style.yellow('invalid claim'),
    })),
  ]
  const header = (...names: string[]) => names.map((name, index) => name && style.dim(index === 0 ? `  ${name}` : name))
  return firstFitting(
    [
      {
        header: header('NODE', 'CLAIM', 'FOR', 'SINCE', 'ZONE', 'ENI', ''),
        rows: cells.map(({ name, claim, age, since, zone, eni, remarks }) => [
          name,
          claim,
          age,
          since,
          zone,
          eni,
          remarks,
        ]),
      },
      {
        header: header('NODE', 'CLAIM', 'FOR', 'ZONE', 'ENI', ''),
        rows: cells.map(({ name, claim, age, zone, eni, remarks }) => [name, claim, age, zone, eni, remarks]),
      },
      {
        header: header('NODE', 'CLAIM', 'FOR', 'ENI', ''),
        rows: cells.map(({ name, claim, age, eni, remarks }) => [name, claim, age, eni, remarks]),
      },
      {
        header: header('NODE', 'CLAIM', 'FOR', ''),
        rows: cells.map(({ name, claim, age, remarks }) => [name, claim, age, remarks]),
      },
    ],
    width,
  ).join('\n')
}

function claimText({ state, priority }: NodeOverview, isSplit: boolean, { green, red, yellow }: Style): string {
  const text = priority === undefined ? state : `${state} ${priority}`
  if (state === 'MASTER') return isSplit ? red(text) : green(text)
  return state === 'BACKUP' ? text : yellow(text)
}

/** A sole MASTER publishes no beats, so liveness is only shown when several contend. */
function remarksOn(
  { state, liveness, published }: NodeOverview,
  isContested: boolean,
  { red, yellow }: Style,
): string[] {
  const life = { alive: 'alive', unknown: 'alive?', expired: 'no sign of life' }
  return [
    ...(liveness === 'unreachable' ? [red('carries no traffic')] : []),
    ...(liveness !== 'unreachable' && isContested && state === 'MASTER' ? [life[liveness]] : []),
    ...(published ? [yellow(published === 'nothing' ? 'not published' : `published as ${published}`)] : []),
  ]
}

/** Output of `vip-switch switch`. */
import type { EniId } from '../../core/ids.ts'
import {
  type Move,
  type RouteOutcome,
  routeKeyText,
  routeText,
  type Standing,
  type TargetFacts,
  whereTo,
} from '../../core/route.ts'
import { targetText } from '../../core/route-target.ts'
import { destinationText } from '../../core/vip.ts'
import { asJson, forPeople, type Printable } from '../../terminal/print.ts'
import { styleOf } from '../../terminal/style.ts'
import { countText, table, widthOf, wrapped } from '../../terminal/table.ts'

type Facts = ReadonlyMap<string, TargetFacts>

/** From → to, for each table and VIP, before confirmation. @param width terminal columns */
export const movesText = forPeople(renderMoves)

function renderMoves(
  moves: readonly Move[],
  eni: EniId,
  facts: Facts,
  width: number = widthOf(process.stdout),
): string {
  const { bold, dim } = styleOf(process.stdout)
  const { name, zone } = facts.get(eni) ?? {}
  const target = [name && bold(name), eni, zone && dim(zone)].filter(Boolean).join('  ')
  const rows = moves.map((move) => [
    move.table.id,
    move.table.name ?? '',
    destinationText(move.key.vip),
    `${fromText(move.standing, facts)} → ${planText(move.standing)}`,
  ])
  return `${wrapped(`To ${target}`, width)}\n\n${table(rows, ['TABLE', 'NAME', 'VIP', 'FROM → TO'], width)}\n`

  function planText(standing: Standing): string {
    switch (standing.kind) {
      case 'in-place':
        return dim('stays')
      case 'refused':
        return styleOf(process.stdout).yellow('refused')
      case 'elsewhere':
      case 'missing':
        return bold(name ?? eni)
    }
  }
}

function fromText(standing: Standing, facts: Facts): string {
  const route = standing.kind === 'missing' ? undefined : standing.route
  if (!route) return '(no route)'
  const label = facts.get(targetText(route.target))?.name ?? whereTo(route)
  return route.state === 'active' ? label : `${label} (${route.state})`
}

/**
 * The result for each route, then a summary line.
 * @param names of the route tables
 * @param problems selectors that match no table or are ambiguous
 * @param width terminal columns
 */
export const outcomesText = forPeople(renderOutcomes)

function renderOutcomes(
  outcomes: readonly RouteOutcome[],
  names: ReadonlyMap<string, string | undefined>,
  problems: readonly string[],
  width: number = widthOf(process.stdout),
): string {
  const { green, red, yellow, bold } = styleOf(process.stdout)
  const paint = { done: green, permitted: green, refused: yellow, unconfirmed: yellow, failed: red }
  const rows = outcomes.map(({ key, verdict, detail }) => {
    const what = verdict === 'done' || verdict === 'permitted' ? detail : `${verdict}: ${detail}`
    return [paint[verdict](MARKS[verdict]), key.table, names.get(key.table) ?? '', destinationText(key.vip), what]
  })
  const count = (verdict: RouteOutcome['verdict']) => outcomes.filter((outcome) => outcome.verdict === verdict).length
  const counted = VERDICTS.filter((verdict) => count(verdict) > 0).map((verdict) => `${count(verdict)} ${verdict}`)
  if (problems.length > 0) counted.push(countText(problems.length, 'bad selector'))
  const unmatched = problems.map((problem) => wrapped(`${red(MARKS.failed)}  ${problem}`, width))
  return [table(rows, undefined, width), ...unmatched, bold(counted.join(', '))].join('\n')
}

const MARKS = { done: '✓', permitted: '✓', refused: '–', unconfirmed: '?', failed: '✗' } as const
const VERDICTS = ['done', 'permitted', 'refused', 'unconfirmed', 'failed'] as const

/** A switch's plan, facts and selector problems. */
type Planned = {
  readonly moves: readonly Move[]
  readonly eni: EniId
  readonly facts: Facts
  readonly problems: readonly string[]
}

/** The same as JSON, version 1. */
export function switchJson(
  { moves, eni, facts, problems }: Planned,
  outcomes: readonly RouteOutcome[],
  dryRun: boolean,
): Printable {
  const byKey = new Map(outcomes.map((outcome) => [routeKeyText(outcome.key), outcome]))
  const { instance, name, zone } = facts.get(eni) ?? {}
  const routes = moves.map(({ key, table: { name: tableName }, standing }) => ({
    table: key.table,
    tableName: tableName ?? null,
    vip: destinationText(key.vip),
    from: standing.kind === 'missing' || !standing.route ? null : routeText(standing.route),
    result: byKey.get(routeKeyText(key))?.verdict ?? 'not asked',
    detail: byKey.get(routeKeyText(key))?.detail ?? null,
  }))
  const to = { eni, instance: instance ?? null, name: name ?? null, zone: zone ?? null }
  return asJson({ version: 1, dryRun, to, routes, problems })
}

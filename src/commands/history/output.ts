/** Output of `vip-switch history`: a timeline, the newest entry last. */

import { named, namesIn } from '../../core/names.ts'
import type { TargetFacts } from '../../core/route.ts'
import type { AnyEntry } from '../../history/entry.ts'
import type { TimelineRow } from '../../history/timeline.ts'
import { SEVERITIES } from '../../overview/conditions.ts'
import { forPeople } from '../../terminal/print.ts'
import { type Style, styleOf } from '../../terminal/style.ts'
import { columnsOf, widthOf, wrapped } from '../../terminal/table.ts'
import { ageText, agoText, clockText, dayText, momentText } from '../../terminal/time.ts'
import { labelOf, sentenceOf } from './sentences.ts'

export type Told = {
  readonly rows: readonly TimelineRow[]
  /** How many entries there are that are not shown. */
  readonly left: number
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly facts: ReadonlyMap<string, TargetFacts>
  /** The directory where the history is kept. */
  readonly directory: string
}

const GAP = '  '
/** A sentence with less room than this goes below its entry. Columns. */
const LEAST_ROOM = 38
const ROOM_FOR_DAYS = 76
const INDENT = 4

type Paint = (text: string) => string
type Cell = { readonly text: string; readonly paint: Paint }
type Line = { readonly at: number; readonly front: readonly Cell[]; readonly sentence: string }

/** @param width terminal columns */
export const historyText = forPeople((told: Told, width: number = widthOf(process.stdout)) => {
  const style = styleOf(process.stdout)
  const rows = told.rows.filter(({ entry, lasted }) => lasted || !isRepeated(entry))
  const { left, directory } = told
  const earlier = `${left} earlier ${left === 1 ? 'entry' : 'entries'}: see --since`
  if (rows.length === 0)
    return wrapped(left > 0 ? `nothing since then; ${earlier}` : `no history in ${directory}`, width)
  const head = [headText(rows, told, style), ...(left > 0 ? [style.dim(earlier)] : [])]
  return `${head.map((line) => wrapped(line, width)).join('\n')}\n\n${timelineText(rows, told, width, style)}`
})

/** A look during an edge: what it has found follows. */
function isRepeated(entry: AnyEntry): boolean {
  return entry.kind === 'decision' && entry.condition === 'SWITCHING' && entry.action === 'none'
}

/** What about, and by which node. */
function headText(rows: readonly TimelineRow[], { facts }: Told, { bold, dim }: Style): string {
  const eni = rows.findLast(({ entry }) => entry.eni !== null)?.entry.eni
  const name = eni ? namesIn({ facts })(eni) : undefined
  const node = name === undefined ? [] : ['on', bold(name), ...(name === eni ? [] : [dim(`(${eni})`)])]
  return [bold(instancesIn(rows).join(', ') || 'the daemon'), ...node].join(' ')
}

function instancesIn(rows: readonly TimelineRow[]): string[] {
  return [...new Set(rows.flatMap(({ entry }) => entry.instance ?? []))]
}

/** With the day on every line if there is room; otherwise above the entries of each day. */
function timelineText(rows: readonly TimelineRow[], told: Told, width: number, style: Style): string {
  const long = linesOf(rows, told, momentText, style)
  const hasRoom = width - frontWidth(long) >= ROOM_FOR_DAYS
  const lines = hasRoom ? long : linesOf(rows, told, clockText, style)
  const widths = columnWidths(lines)
  let day = hasRoom ? dayText(rows[0]?.entry.at ?? 0) : ''
  return lines
    .flatMap((line) => {
      const isNewDay = !hasRoom && dayText(line.at) !== day
      day = dayText(line.at)
      return [...(isNewDay ? [style.bold(day)] : []), lineText(line, widths, width)]
    })
    .join('\n')
}

function linesOf(rows: readonly TimelineRow[], told: Told, timeOf: (at: number) => string, style: Style): Line[] {
  const { now, facts } = told
  const nameOf = namesIn({ facts })
  const isShared = instancesIn(rows).length > 1
  const plain: Paint = (text) => text
  return rows.map(({ entry, lasted }) => ({
    at: entry.at,
    front: [
      { text: timeOf(entry.at), paint: style.dim },
      { text: agoText(now - entry.at), paint: style.dim },
      ...(isShared ? [{ text: entry.instance ?? '', paint: plain }] : []),
      { text: labelOf(entry), paint: paintOf(entry, style) },
      { text: lasted ? lastedText(lasted) : '', paint: style.dim },
    ],
    sentence: named(sentenceOf(entry, nameOf), nameOf),
  }))
}

function lastedText({ ms, isOver }: NonNullable<TimelineRow['lasted']>): string {
  if (!isOver) return 'until now'
  return ms < 1000 ? '< 1 s' : ageText(ms)
}

function columnWidths(lines: readonly Line[]): number[] {
  const columns = lines[0]?.front.length ?? 0
  return Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map(({ front }) => columnsOf(front[column]?.text ?? ''))),
  )
}

function frontWidth(lines: readonly Line[]): number {
  return columnWidths(lines).reduce((sum, each) => sum + each + GAP.length, 0)
}

function lineText({ front, sentence }: Line, widths: readonly number[], width: number): string {
  const cells = front.map(({ text, paint }, column) => {
    return paint(text) + ' '.repeat((widths[column] ?? 0) - columnsOf(text))
  })
  const start = `${cells.join(GAP)}${GAP}`
  const room = width - columnsOf(start)
  if (room < LEAST_ROOM) return `${start.trimEnd()}\n${wrapped(' '.repeat(INDENT) + sentence, width, INDENT)}`
  return start + wrapped(sentence, room, 0).replaceAll('\n', `\n${' '.repeat(columnsOf(start))}`)
}

function paintOf(entry: AnyEntry, { green, yellow, red, cyan }: Style): Paint {
  const plain: Paint = (text) => text
  switch (entry.kind) {
    case 'transition':
      if (entry.to === 'MASTER') return green
      return entry.to === 'BACKUP' ? plain : yellow
    case 'decision':
      return { ok: green, warning: yellow, critical: red, unknown: yellow }[SEVERITIES[entry.condition]]
    case 'writes':
      if (entry.failed > 0) return red
      return entry.takenFrom.length > 0 ? yellow : plain
    case 'detail':
      return entry.isOver ? plain : yellow
    case 'daemon':
      return entry.what === 'rejected' ? red : plain
    case 'by-hand':
    case 'pinned':
    case 'unpinned':
      return cyan
    case 'priority':
    case 'proof':
    case 'confirmed':
    case 'unknown':
      return plain
  }
}

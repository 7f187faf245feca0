/** Aligned columns that adapt to narrow terminals. */
import stringWidth from 'string-width'
import { type CommandLine, partsOf } from '../core/command-line.ts'

const GAP = '  '
const INDENT = 4

/** A terminal's width in columns; infinite for other streams, since programs read whole lines. */
export function widthOf({ isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return isTTY === true && columns ? columns : Number.POSITIVE_INFINITY
}

/** The output of rowTexts as one string. */
export function table(rows: readonly (readonly string[])[], header?: readonly string[], width?: number): string {
  return rowTexts(rows, header, width).join('\n')
}

/**
 * Formats each row, the header first, as aligned columns; the last column is not padded, and colours do not count as
 * width. If a line would exceed `width`, each row becomes several lines instead: with a header, one labelled line per
 * cell; without, as many cells per line as fit.
 */
export function rowTexts(
  rows: readonly (readonly string[])[],
  header?: readonly string[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const lines = aligned(header ? [header, ...rows] : rows)
  if (lines.every((line) => columnsOf(line) <= width)) return lines
  return rows.map((row) => (header ? stacked(row, header) : unstacked(row, width)))
}

/** Formats the first of these tables that fits `width`, else the last one as rowTexts does. */
export function firstFitting(
  variants: readonly { readonly rows: readonly (readonly string[])[]; readonly header?: readonly string[] }[],
  width: number,
): string[] {
  const fitting = variants.find(({ rows, header }) => {
    return aligned(header ? [header, ...rows] : rows).every((line) => columnsOf(line) <= width)
  })
  const { rows = [], header } = fitting ?? variants.at(-1) ?? {}
  return rowTexts(rows, header, width)
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => columnsOf(row[column] ?? ''))),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - columnsOf(cell)))
      .join(GAP)
      .trimEnd(),
  )
}

/** Continuation lines are indented deeper than the row. */
function unstacked(row: readonly string[], width: number): string {
  const line = row.filter(Boolean).join(GAP)
  return wrapped(line, width, Math.max(INDENT, line.length - line.trimStart().length + GAP.length))
}

/** The first cell is the title; empty cells are left out. */
function stacked([title = '', ...cells]: readonly string[], [, ...header]: readonly string[]): string {
  const names = header.map((name) => name.trim())
  const longest = Math.max(0, ...names.map((name) => name.length))
  const lines = cells.flatMap((cell, column) =>
    cell.trim() ? [`${GAP}${(names[column] ?? '').padEnd(longest)}${GAP}${cell.trim()}`] : [],
  )
  return [title, ...lines].join('\n')
}

/** Wraps at spaces to `width`, except longer words; all lines but the first are indented. */
export function wrapped(text: string, width: number, indent = INDENT): string {
  return linesOf(text.split(/(?<=\S)(?= )/), width, indent).join('\n')
}

/** A command, indented for copying; broken between words, if necessary, with backslashes. */
export function commandText(command: CommandLine, width: number, indent: number): string {
  const [first = '', ...rest] = partsOf(command)
  return linesOf([' '.repeat(indent) + first, ...rest], width - 2, indent + INDENT).join(' \\\n')
}

/** @param words each with its leading spaces */
function linesOf(words: readonly string[], width: number, indent: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    if (line.trim() && columnsOf(line + word) > width) {
      lines.push(line)
      line = ' '.repeat(indent) + word.trimStart()
    } else line += word
  }
  return [...lines, line]
}

/** Width on a terminal: none for colours and combining characters, two columns for wide characters and emoji. */
export function columnsOf(text: string): number {
  return stringWidth(text)
}

/** Truncates text wider than `width`, ending in `…`. */
export function shortened(text: string, width: number): string {
  if (columnsOf(text) <= width) return text
  let start = ''
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (columnsOf(start + segment) >= width) break
    start += segment
  }
  return `${start}…`
}

const COLOUR = new RegExp(`(${String.fromCharCode(0x1b)}\\[[\\d;]*m)`)

/** The rows that a line takes on a terminal of this width, wherever that breaks it. A colour lasts into the next row. */
export function brokenAt(line: string, width: number): string[] {
  if (columnsOf(line) <= width) return [line]
  const rows: string[] = []
  let row = ''
  let columns = 0
  for (const [index, part] of line.split(COLOUR).entries()) {
    const isColour = index % 2 === 1
    const segments = isColour ? [part] : Array.from(new Intl.Segmenter().segment(part), ({ segment }) => segment)
    for (const segment of segments) {
      const wide = columnsOf(segment)
      if (columns + wide > width) {
        rows.push(row)
        row = ''
        columns = 0
      }
      row += segment
      columns += wide
    }
  }
  return [...rows, row]
}

/** `1 route`, `2 routes`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

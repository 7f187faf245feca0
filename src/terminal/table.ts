/** Aligned columns, and what becomes of them on a narrow terminal. */
import stringWidth from 'string-width'
import { type CommandLine, partsOf } from '../core/command-line.ts'

const GAP = '  '
const INDENT = 4

/** The width of a terminal, in columns. What is no terminal has no end: programs read lines. */
export function widthOf({ isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return isTTY === true && columns ? columns : Number.POSITIVE_INFINITY
}

/** The texts of rowTexts, as one. */
export function table(rows: readonly (readonly string[])[], header?: readonly string[], width?: number): string {
  return rowTexts(rows, header, width).join('\n')
}

/**
 * The text of each row, the header's first: lines of aligned columns, the last of which is not padded; colours do not
 * count as width. Where one of them would be wider than `width`, each row becomes a few lines instead: with a header, a
 * line for each of its cells, with its name; without one, as many cells as a line can take.
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

/** The first of these tables that is no wider than `width`; where none is, the last one, made to fit as rowTexts does. */
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

/** What is broken off stands further in than where the row begins. */
function unstacked(row: readonly string[], width: number): string {
  const line = row.filter(Boolean).join(GAP)
  return wrapped(line, width, Math.max(INDENT, line.length - line.trimStart().length + GAP.length))
}

/** The first cell is the title of the others; those with nothing in them are left out. */
function stacked([title = '', ...cells]: readonly string[], [, ...header]: readonly string[]): string {
  const names = header.map((name) => name.trim())
  const longest = Math.max(0, ...names.map((name) => name.length))
  const lines = cells.flatMap((cell, column) =>
    cell.trim() ? [`${GAP}${(names[column] ?? '').padEnd(longest)}${GAP}${cell.trim()}`] : [],
  )
  return [title, ...lines].join('\n')
}

/** Breaks a line at spaces, so that none is wider than `width` unless a word is; all but the first are indented. */
export function wrapped(text: string, width: number, indent = INDENT): string {
  return linesOf(text.split(/(?<=\S)(?= )/), width, indent).join('\n')
}

/** A command, indented so that it can be copied: broken, where it must be, between words and as a shell takes it. */
export function commandText(command: CommandLine, width: number, indent: number): string {
  const [first = '', ...rest] = partsOf(command)
  return linesOf([' '.repeat(indent) + first, ...rest], width - 2, indent + INDENT).join(' \\\n')
}

/** @param words each with the spaces before it */
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

/** What a text takes on a terminal: colours nothing, a wide character or an emoji two columns, a combining one none. */
export function columnsOf(text: string): number {
  return stringWidth(text)
}

/** Of a text that is wider than `width`, as much as has room, and `…`. */
export function shortened(text: string, width: number): string {
  if (columnsOf(text) <= width) return text
  let start = ''
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (columnsOf(start + segment) >= width) break
    start += segment
  }
  return `${start}…`
}

/** `1 route`, `2 routes`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

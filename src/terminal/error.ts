/** Formats errors, and what else is told on stderr, for people. */
import { type Excerpt, type Failure, hintOf, linesOf } from '../platform/errors.ts'
import type { Level } from '../platform/log.ts'
import { forPeople, type Printable } from './print.ts'
import { type Style, styleOf } from './style.ts'
import { columnsOf, shortened, widthOf, wrapped } from './table.ts'

/** Hanging indent of wrapped lines, in columns. */
const HANG = 4

type Paint = Pick<Style, 'bold' | 'red' | 'yellow'>

/** The text for anything thrown: its message and hint. @param width terminal columns */
export function errorText(
  error: unknown,
  width: number = widthOf(process.stderr),
  style: Paint = styleOf(process.stderr),
): Printable {
  return render(style.red(NAME), linesOf(error), hintOf(error), width, style)
}

/** The text for a line of an operator's log: an error looks like one that ends the command. */
export function noteText(level: Level, text: string, hint: string | undefined): Printable {
  const style = styleOf(process.stderr)
  const leads = { error: style.red(NAME), warn: `${style.yellow(`${NAME} warning:`)}`, info: '', debug: '' }
  return render(leads[level], [text], hint, widthOf(process.stderr), style)
}

const NAME = 'vip-switch:'

const render = forPeople(
  (lead: string, lines: Failure['lines'], hint: string | undefined, width: number, { bold, red }: Paint) => {
    const shown = lines.flatMap((line, index) => {
      if (typeof line !== 'string') return excerptLines(line, width, red)
      return fitted(index === 0 && lead !== '' ? `${lead} ${line}` : line, width)
    })
    if (hint !== undefined) shown.push(wrapped(`  ${bold('→')} ${hint}`, width, HANG))
    return shown.join('\n')
  },
)

/** The line, and carets below what is marked; nothing where that does not fit. */
function excerptLines({ line, before, marked, after }: Excerpt, width: number, red: Style['red']): string[] {
  const [gutter, below] = [`${line}`.padStart(6), ' '.repeat(6)]
  const caret = `${below} | ${' '.repeat(columnsOf(before))}`
  const carets = '^'.repeat(Math.max(1, columnsOf(marked)))
  if (columnsOf(caret + carets) > width) return []
  return [shortened(`${gutter} | ${before}${marked}${after}`.trimEnd(), width), `${caret}${red(carets)}`]
}

/** The text for a usage error from Commander, which quotes the user's arguments. */
export function usageErrorText(
  text: string,
  width: number = widthOf(process.stderr),
  { red }: Pick<Paint, 'red'> = styleOf(process.stderr),
): Printable {
  return renderUsage(red(NAME), text.split('\n'), width)
}

/** Where a usage error is explained. @param words the command's */
export const usageHint = (words: string) => `  → see ${words} --help`

const renderUsage = forPeople((lead: string, lines: readonly string[], width: number) =>
  lines.map((line) => fitted(line.replace(/^error:/, lead), width)).join('\n'),
)

/** Wraps a line to `width`, with a hanging indent below its start. */
function fitted(line: string, width: number): string {
  return wrapped(line, width, (/^ */.exec(line)?.[0].length ?? 0) + HANG)
}

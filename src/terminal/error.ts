/** Formats errors for a terminal. */
import { type Excerpt, type Failure, hintOf, linesOf } from '../platform/errors.ts'
import { forPeople, type Printable } from './print.ts'
import { type Style, styleOf } from './style.ts'
import { columnsOf, shortened, widthOf, wrapped } from './table.ts'

/** Hanging indent of wrapped lines, in columns. */
const HANG = 4

/** The text for anything thrown: its message and hint. @param width terminal columns */
export function errorText(
  error: unknown,
  width: number = widthOf(process.stderr),
  style: Pick<Style, 'bold' | 'red'> = styleOf(process.stderr),
): Printable {
  return render(linesOf(error), hintOf(error), width, style)
}

const render = forPeople(
  (lines: Failure['lines'], hint: string | undefined, width: number, { bold, red }: Pick<Style, 'bold' | 'red'>) => {
    const shown = lines.flatMap((line, index) => {
      if (typeof line !== 'string') return excerptLines(line, width, red)
      return fitted([index === 0 ? `${red('vip-switch:')} ${line}` : line], width)
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
export function usageErrorText(text: string, width: number = widthOf(process.stderr)): Printable {
  return renderLines(text.split('\n'), width)
}

const renderLines = forPeople((lines: readonly string[], width: number) => fitted(lines, width).join('\n'))

/** Wraps each line to `width`, with a hanging indent below its start. */
function fitted(lines: readonly string[], width: number): string[] {
  return lines.map((line) => wrapped(line, width, (/^ */.exec(line)?.[0].length ?? 0) + HANG))
}

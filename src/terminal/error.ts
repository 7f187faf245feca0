/** Formats errors for a terminal. */
import { hintOf, linesOf } from '../platform/errors.ts'
import { forPeople, type Printable } from './print.ts'
import { type Style, styleOf } from './style.ts'
import { widthOf, wrapped } from './table.ts'

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
  (lines: readonly string[], hint: string | undefined, width: number, { bold, red }: Pick<Style, 'bold' | 'red'>) => {
    const [first = '', ...rest] = lines
    const message = fitted([`${red('vip-switch:')} ${first}`, ...rest], width)
    return hint === undefined ? message : `${message}\n${wrapped(`  ${bold('→')} ${hint}`, width, HANG)}`
  },
)

/** The text for a usage error from Commander, which quotes the user's arguments. */
export function usageErrorText(text: string, width: number = widthOf(process.stderr)): Printable {
  return renderLines(text.split('\n'), width)
}

const renderLines = forPeople((lines: readonly string[], width: number) => fitted(lines, width))

/** Wraps each line to `width`, with a hanging indent below its start. */
function fitted(lines: readonly string[], width: number): string {
  return lines.map((line) => wrapped(line, width, (/^ */.exec(line)?.[0].length ?? 0) + HANG)).join('\n')
}

/** How an error is told on a terminal. */
import { hintOf, linesOf } from '../platform/errors.ts'
import { forPeople, type Printable } from './print.ts'
import { type Style, styleOf } from './style.ts'
import { widthOf, wrapped } from './table.ts'

/** Columns by which the rest of a line stands below its begin. */
const HANG = 4

/** What is said of anything that was thrown: its message, and what to do about it. @param width columns of the terminal */
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

/** What Commander says of the words of a call, which are in it. */
export function usageErrorText(text: string, width: number = widthOf(process.stderr)): Printable {
  return renderLines(text.split('\n'), width)
}

const renderLines = forPeople((lines: readonly string[], width: number) => fitted(lines, width))

/** Each line within `width`; what is broken off hangs below where its line begins. */
function fitted(lines: readonly string[], width: number): string {
  return lines.map((line) => wrapped(line, width, (/^ */.exec(line)?.[0].length ?? 0) + HANG)).join('\n')
}

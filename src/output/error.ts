/** How an error is told on a terminal, and in a log of lines. */
import { hintOf, messageOf } from '../errors.ts'
import { type Style, styleOf } from './style.ts'
import { widthOf, wrapped } from './table.ts'

/** Columns by which the rest of a line stands below its begin. */
const HANG = 4

/** What is said of anything that was thrown: its message, and what to do about it. @param width columns of the terminal */
export function errorText(
  error: unknown,
  width: number = widthOf(process.stderr),
  { bold, red }: Pick<Style, 'bold' | 'red'> = styleOf(process.stderr),
): string {
  const hint = hintOf(error)
  const message = fitted(`${red('vip-switch:')} ${messageOf(error)}`, width)
  return hint === undefined ? message : `${message}\n${wrapped(`  ${bold('→')} ${hint}`, width, HANG)}`
}

/** Each line of a text within `width`; what is broken off hangs below where its line begins. */
export function fitted(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => wrapped(line, width, (/^ */.exec(line)?.[0].length ?? 0) + HANG))
    .join('\n')
}

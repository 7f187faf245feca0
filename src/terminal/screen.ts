/** A text on a terminal that is drawn anew in place, and stays there in the end. */
import type { Printable } from './print.ts'

type Terminal = {
  readonly isTTY?: boolean
  readonly rows?: number
  write(text: string): unknown
}

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
// A line that the terminal broke by itself would make two of it.
const CUT_LINES = '\x1b[?7l'
const BREAK_LINES = '\x1b[?7h'
const CLEAR_TO_END_OF_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

export type Screen = { draw(text: Printable): void; end(): void }

/** Whether the cursor can be moved about there. */
export function canRedraw({ isTTY }: Terminal): boolean {
  return isTTY === true && process.env.TERM !== 'dumb'
}

export function openScreen(terminal: Terminal): Screen {
  let drawn = 0
  return {
    draw(text) {
      const lines = fitting(text.split('\n'), terminal.rows ?? Number.POSITIVE_INFINITY)
      const back = drawn > 0 ? `\x1b[${drawn}A` : ''
      const body = lines.map((line) => `${line}${CLEAR_TO_END_OF_LINE}\n`).join('')
      // In one write, so that nothing flickers.
      terminal.write(`${HIDE_CURSOR}${CUT_LINES}${back}\r${body}${CLEAR_BELOW}`)
      drawn = lines.length
    },
    end: () => terminal.write(`${BREAK_LINES}${SHOW_CURSOR}`),
  }
}

/** Lines that have scrolled away could not be drawn anew. */
function fitting(lines: readonly string[], rows: number): string[] {
  if (lines.length < rows) return [...lines]
  const shown = Math.max(1, rows - 2)
  return [
    ...lines.slice(0, shown),
    `… ${lines.length - shown} more lines: make the terminal higher, or name an INSTANCE`,
  ]
}

/** Text that is redrawn in place on a terminal, and stays at the end. */
import type { Printable } from './print.ts'

type Terminal = {
  readonly isTTY?: boolean
  readonly rows?: number
  write(text: string): unknown
}

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
// Auto-wrapped lines would break the line count.
const CUT_LINES = '\x1b[?7l'
const BREAK_LINES = '\x1b[?7h'
const CLEAR_TO_END_OF_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

export type Screen = { draw(text: Printable): void; end(): void }

/** Whether the terminal can move the cursor. */
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
      // In one write, to avoid flicker.
      terminal.write(`${HIDE_CURSOR}${CUT_LINES}${back}\r${body}${CLEAR_BELOW}`)
      drawn = lines.length
    },
    end: () => terminal.write(`${BREAK_LINES}${SHOW_CURSOR}`),
  }
}

/** Cuts lines that do not fit: scrolled lines cannot be redrawn. */
function fitting(lines: readonly string[], rows: number): string[] {
  if (lines.length < rows) return [...lines]
  const shown = Math.max(1, rows - 2)
  return [...lines.slice(0, shown), `… ${lines.length - shown} more lines: enlarge the terminal, or name an INSTANCE`]
}

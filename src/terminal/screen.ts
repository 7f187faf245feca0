/** Text that is redrawn in place on a terminal, and stays at the end. */
import { BREAK_LINES, CLEAR_BELOW, CLEAR_LINE, CUT_LINES, HIDE_CURSOR, SHOW_CURSOR, TOP_LEFT } from './escapes.ts'
import type { Printable } from './print.ts'
import { brokenAt, widthOf, wrapped } from './table.ts'

type Terminal = {
  readonly isTTY?: boolean
  readonly rows?: number
  readonly columns?: number
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

export type Screen = {
  /** @param render gives the text for the terminal's current size; called again whenever that changes */
  draw(render: () => Printable): void
  end(): void
}

/** Whether the terminal can move the cursor. */
export function canRedraw({ isTTY }: Pick<Terminal, 'isTTY'>): boolean {
  return isTTY === true && process.env.TERM !== 'dumb'
}

export function openScreen(terminal: Terminal): Screen {
  let drawn = 0
  let render: (() => Printable) | undefined

  function show(origin: string): void {
    if (!render) return
    const lines = fitting(render(), terminal)
    // A line is cleared before it is written: after it, the cursor may still be on its last character.
    const body = lines.map((line) => `${CLEAR_LINE}${line}\n`).join('')
    // In one write, to avoid flicker.
    terminal.write(`${HIDE_CURSOR}${CUT_LINES}${origin}\r${body}${CLEAR_BELOW}`)
    drawn = lines.length
  }

  /** Terminals differ in where they leave the lines when their size changes, so none of them is reused. */
  const onResize = () => show(`${TOP_LEFT}${CLEAR_BELOW}`)

  terminal.on('resize', onResize)
  return {
    draw(next) {
      render = next
      show(drawn > 0 ? `\x1b[${drawn}A` : '')
    },
    end() {
      terminal.off('resize', onResize)
      terminal.write(`${BREAK_LINES}${SHOW_CURSOR}`)
    },
  }
}

/** Cuts what does not fit below each other: scrolled lines cannot be redrawn. */
function fitting(text: string, terminal: Terminal): string[] {
  const width = widthOf(terminal)
  const rows = terminal.rows ?? Number.POSITIVE_INFINITY
  const lines = text.split('\n').flatMap((line) => brokenAt(line, width))
  if (lines.length < rows) return lines
  const noteOn = (count: number) =>
    wrapped(`… ${count} more lines: enlarge the terminal, or name an INSTANCE`, width).split('\n')
  const shown = Math.max(1, rows - 1 - noteOn(lines.length).length)
  return [...lines.slice(0, shown), ...noteOn(lines.length - shown)]
}

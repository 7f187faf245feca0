/** The whole screen of a terminal, and its keys. What was on it before comes back at the end. */
import {
  ALTERNATE_SCREEN,
  BREAK_LINES,
  CLEAR_BELOW,
  CLEAR_LINE,
  CUT_LINES,
  HIDE_CURSOR,
  MAIN_SCREEN,
  SHOW_CURSOR,
  TOP_LEFT,
} from './escapes.ts'
import type { Printable } from './print.ts'

type Input = {
  setRawMode(isRaw: boolean): unknown
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  off(event: 'data', listener: (chunk: Buffer) => void): unknown
  pause(): unknown
}

type Output = {
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  off(event: 'resize', listener: () => void): unknown
}

export type Size = { readonly columns: number; readonly rows: number }

export type FullScreen = {
  size(): Size
  /** @param text no more lines than the screen has rows, and none wider than it */
  draw(text: Printable): void
  /** Gives the terminal back; again, it does nothing. */
  end(): void
}

/** Of a terminal that does not tell its size. */
const USUAL_SIZE: Size = { columns: 80, rows: 24 }

const ESCAPE = String.fromCharCode(0x1b)
/** A control sequence, such as an arrow key's, or one character. */
const KEY = new RegExp(`${ESCAPE}(?:\\[[\\d;]*|O)[A-Za-z~]|[^]`, 'gu')

/** Takes the terminal over. Ctrl-C is a key like any other: `\x03`. */
export function openFullScreen(options: {
  input: Input
  output: Output
  onKey: (key: string) => void
  /** Called when the size has changed: what is shown has to be drawn anew. */
  onResize: () => void
}): FullScreen {
  const { input, output, onKey, onResize } = options
  let isOpen = true
  const onData = (chunk: Buffer) => {
    for (const key of chunk.toString().match(KEY) ?? []) if (isOpen) onKey(key)
  }
  input.setRawMode(true)
  input.on('data', onData)
  output.on('resize', onResize)
  output.write(`${ALTERNATE_SCREEN}${HIDE_CURSOR}${CUT_LINES}`)
  return {
    size: () => ({ columns: output.columns || USUAL_SIZE.columns, rows: output.rows || USUAL_SIZE.rows }),
    draw(text) {
      const lines = text.split('\n')
      const last = lines.pop() ?? ''
      // Each row is cleared before it is written: after a line of full width the cursor is still on its last character.
      const body = lines.map((line) => `${CLEAR_LINE}${line}\r\n`).join('')
      output.write(`${TOP_LEFT}${body}${CLEAR_BELOW}${last}`)
    },
    end() {
      if (!isOpen) return
      isOpen = false
      input.off('data', onData)
      output.off('resize', onResize)
      input.setRawMode(false)
      input.pause()
      output.write(`${BREAK_LINES}${SHOW_CURSOR}${MAIN_SCREEN}`)
    },
  }
}

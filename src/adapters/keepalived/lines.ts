/** Bytes of a pipe in, whole lines out. */

const NEWLINE = 0x0a
/** Of a line that is rejected, for the log. */
const SHOWN_BYTES = 200

export type LineHandlers = {
  onLine(line: string): void
  /** A line that is too long, is no UTF-8 or lacks its end: as much of it as is worth showing. */
  onGarbage(line: string): void
}

export type LineSplitter = {
  push(chunk: Uint8Array): void
  /** Nothing more comes. */
  end(): void
}

/** A line longer than `longest` bytes is garbage, and so is all of it up to its end: its rest is taken for no line. */
export function splitLines(longest: number, { onLine, onGarbage }: LineHandlers): LineSplitter {
  const nothing = new Uint8Array()
  let line: Uint8Array = nothing
  let skipping = false

  const garbage = () => onGarbage(Buffer.from(line.subarray(0, SHOWN_BYTES)).toString('utf8'))

  function hold(piece: Uint8Array): void {
    if (skipping) return
    line = Buffer.concat([line, piece])
    if (line.length <= longest) return
    skipping = true
    garbage()
  }

  function finish(): void {
    if (!skipping) {
      const text = decoded(line)
      if (text === undefined) garbage()
      else onLine(text)
    }
    line = nothing
    skipping = false
  }

  return {
    push(chunk) {
      let start = 0
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        hold(chunk.subarray(start, end))
        finish()
        start = end + 1
      }
      hold(chunk.subarray(start))
    },
    end() {
      if (line.length > 0 && !skipping) garbage()
      line = nothing
      skipping = false
    },
  }
}

/** Undefined for what is no UTF-8. */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

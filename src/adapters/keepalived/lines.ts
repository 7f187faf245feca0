/** Splits the bytes of a pipe into lines. */

const NEWLINE = 0x0a
/** How much of a rejected line to log. */
const SHOWN_BYTES = 200

export type LineHandlers = {
  onLine(line: string): void
  /** Called with the beginning of a line that is too long, not UTF-8, or unterminated. */
  onGarbage(line: string): void
}

export type LineSplitter = {
  push(chunk: Uint8Array): void
  /** Ends the input. */
  end(): void
}

/** A line longer than `longest` bytes is garbage up to its newline: its rest does not count as a line. */
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

/** The text, if the bytes are valid UTF-8. */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

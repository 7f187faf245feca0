/** The control socket's wire format: a line out, a line back. Hooks load this first, so it must load nothing heavy. */
import { connect, type Socket } from 'node:net'

/** How long a hook waits for the daemon before it acts itself. */
export const ANSWER_MS = 200

/** The longest request that the daemon accepts; an event takes about 100 bytes. */
export const LONGEST_REQUEST_BYTES = 65_536
/** Enough for the status of tens of thousands of VRRP instances. */
const LONGEST_ANSWER_BYTES = 16 * 1024 * 1024

const NEWLINE = 0x0a

/** Sends a line to a unix socket and resolves to the answer. Rejects if none arrives in time. */
export function exchangeLine(path: string, line: string): Promise<string> {
  const socket = connect(path)
  return answerOn(socket, path, line).finally(() => socket.destroy())
}

function answerOn(socket: Socket, path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const split = lineSplitter(LONGEST_ANSWER_BYTES)
    socket.setTimeout(ANSWER_MS, () => reject(new Error(`no answer on ${path} within ${ANSWER_MS} ms`)))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${path} was closed without an answer`)))
    // Not `for await`, whose machinery takes two milliseconds to set up.
    socket.on('data', (chunk) => {
      try {
        for (const answer of split(chunk)) resolve(answer)
      } catch (error) {
        reject(error)
      }
    })
    socket.write(`${line}\n`)
  })
}

/**
 * Splits chunks into lines, and keeps what is left for the next chunk.
 * @throws Error for a line longer than `longestBytes`
 */
export function lineSplitter(longestBytes: number): (chunk: Buffer) => Generator<string, void> {
  // Joined once the line is complete: joining at every chunk would take quadratic time.
  let pieces: Buffer[] = []
  let length = 0
  function add(piece: Buffer): void {
    pieces.push(piece)
    length += piece.length
    if (length > longestBytes) throw new Error(`a line is longer than ${longestBytes} bytes`)
  }
  return function* (chunk) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end))
      yield Buffer.concat(pieces).toString()
      pieces = []
      length = 0
      start = end + 1
    }
    add(chunk.subarray(start))
  }
}

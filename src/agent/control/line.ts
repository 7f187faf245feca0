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
export async function exchangeLine(path: string, line: string): Promise<string> {
  const socket = connect(path)
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer on ${path} within ${ANSWER_MS} ms`)))
  socket.write(`${line}\n`)
  try {
    for await (const answer of linesOf(socket, LONGEST_ANSWER_BYTES)) return answer
    throw new Error(`${path} was closed without an answer`)
  } finally {
    socket.destroy()
  }
}

/**
 * The lines from a socket, which stays open. Reading pauses while a line is being handled.
 * Not readline: it throws a socket's error a second time, where nobody can catch it.
 * @throws the socket's error; an error for a line longer than `longestBytes`
 */
export async function* linesOf(socket: Socket, longestBytes: number): AsyncGenerator<string, void> {
  // Joined once the line is complete: joining at every chunk would take quadratic time.
  let pieces: Buffer[] = []
  let length = 0
  function add(piece: Buffer): void {
    pieces.push(piece)
    length += piece.length
    if (length > longestBytes) throw new Error(`a line is longer than ${longestBytes} bytes`)
  }
  const chunks: AsyncIterable<Buffer> = socket.iterator({ destroyOnReturn: false })
  for await (const chunk of chunks) {
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

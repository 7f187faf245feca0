/** The wire of the daemon's socket: a line out, a line back. A hook starts with this, so that nothing heavy is loaded here. */
import { connect, type Socket } from 'node:net'

/** How long a hook waits for the daemon before it acts itself. */
export const ANSWER_MS = 200

/** What the daemon takes for a question: an event is a tenth of a kilobyte long. */
export const LONGEST_REQUEST_BYTES = 65_536
/** Of a status that tells of tens of thousands of VRRP instances. */
const LONGEST_ANSWER_BYTES = 16 * 1024 * 1024

const NEWLINE = 0x0a

/** Sends one line to a unix socket. Rejects where no line comes back in time. */
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
 * The lines that come by a socket, which stays open. Nothing more is read while the one before is looked at.
 * Not readline: it throws a socket's error a second time, where nobody can catch it.
 * @throws an error for a line that is longer; the socket's own
 */
export async function* linesOf(socket: Socket, longestBytes: number): AsyncGenerator<string, void> {
  // Joined when the line is whole: to join at every chunk would take time that grows with the square of its length.
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

/** Connections to the control socket, bounded so that no client can exhaust memory or lock others out. */
import type { Socket } from 'node:net'
import { messageOf } from '../../platform/errors.ts'
import { LONGEST_REQUEST_BYTES, lineSplitter } from '../control/line.ts'

/** Far more than the hooks that one machine runs at once. */
export const MOST_CONVERSATIONS = 256
/** Ten times as long as our own clients wait for an answer. */
const LONGEST_CONVERSATION_MS = 2000

/**
 * Returns a connection handler: a line in, a line out. The next line is read only once the answer has been sent, so a
 * client that does not read has at most one answer buffered, until its time is up. When all places are taken, the oldest
 * connection is closed.
 * @param answer must not throw
 * @param signal closes all connections
 */
export function acceptConversations(answer: (line: string) => string, signal: AbortSignal): (socket: Socket) => void {
  const places = new Set<Socket>()
  signal.addEventListener('abort', () => {
    for (const socket of places) socket.destroy()
  })
  return (socket) => {
    const [oldest] = places
    if (places.size >= MOST_CONVERSATIONS) oldest?.destroy()
    places.add(socket)
    socket.on('error', () => {}) // `close` follows, and nobody is left to tell.
    const timer = setTimeout(() => socket.destroy(), LONGEST_CONVERSATION_MS)
    socket.on('close', () => {
      clearTimeout(timer)
      places.delete(socket)
    })
    void converse(socket, answer)
  }
}

async function converse(socket: Socket, answer: (line: string) => string): Promise<void> {
  try {
    const split = lineSplitter(LONGEST_REQUEST_BYTES)
    // Not readline: it throws a socket's error a second time, where nobody can catch it.
    const chunks: AsyncIterable<Buffer> = socket.iterator({ destroyOnReturn: false })
    for await (const chunk of chunks) for (const line of split(chunk)) await say(socket, answer(line))
  } catch (error) {
    // In case the client is still listening.
    socket.end(`${JSON.stringify({ ok: false, error: messageOf(error) })}\n`)
  }
}

function say(socket: Socket, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(`${line}\n`, (error) => (error ? reject(error) : resolve()))
  })
}

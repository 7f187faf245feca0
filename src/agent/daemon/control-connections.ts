/** Who speaks to the daemon on its socket, within bounds: nobody can have it keep much, or keep others out. */
import type { Socket } from 'node:net'
import { messageOf } from '../../platform/errors.ts'
import { LONGEST_REQUEST_BYTES, linesOf } from '../control/line.ts'

/** Far more than the hooks that one machine runs at a time. */
export const MOST_CONVERSATIONS = 256
/** Ten times as long as any client of ours waits for an answer. */
const LONGEST_CONVERSATION_MS = 2000

/**
 * What to do with each connection: a line in, a line out. The next line is read when the answer has left, so that who
 * does not read what is answered has one answer kept, until its time is over. Where no place is free, the oldest
 * conversation ends: whoever holds its place has had its time.
 * @param answer must not throw
 * @param signal ends them all
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
    socket.on('error', () => {}) // `close` follows, and nobody is left to be told.
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
    for await (const line of linesOf(socket, LONGEST_REQUEST_BYTES)) await say(socket, answer(line))
  } catch (error) {
    // To those who still listen.
    socket.end(`${JSON.stringify({ ok: false, error: messageOf(error) })}\n`)
  }
}

function say(socket: Socket, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(`${line}\n`, (error) => (error ? reject(error) : resolve()))
  })
}

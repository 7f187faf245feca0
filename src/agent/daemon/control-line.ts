/** The wire of the daemon's socket: a line out, a line back. A hook starts with this, so that nothing heavy is loaded here. */
import { connect, type Socket } from 'node:net'

/** How long a hook waits for the daemon before it acts itself. */
export const ANSWER_MS = 200

/** Sends one line to a unix socket. Rejects where no line comes back in time. */
export function exchangeLine(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer on ${path} within ${ANSWER_MS} ms`)))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${path} was closed without an answer`)))
    onLine(socket, (answer) => {
      socket.end()
      resolve(answer)
    })
    socket.write(`${line}\n`)
  })
}

// Not readline: it throws a socket's error a second time, where nobody can catch it.
export function onLine(socket: Socket, take: (line: string) => void): void {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${text}${chunk}`.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}

/** A way to the endpoint that can be blackholed, connection by connection. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export type Way = {
  readonly url: string
  /** Connections so far. */
  readonly connections: number
  /** Those that are open. */
  readonly open: number
  /** The most of them that were open at a time. */
  readonly mostAtOnce: number
  /** Those that had bytes swallowed. */
  readonly swallowed: number
  /** From now on, whatever comes on the connections that are open is swallowed, and on the next `more` of them. */
  blackhole(more?: number): void
  close(): void
}

/** Opens a way to what is at the URL. Nobody is told of a connection that is blackholed: it just does not answer. */
export async function openWay(to: string): Promise<Way> {
  const { hostname, port } = new URL(to)
  const open = new Set<Socket>()
  const dead = new Set<Socket>()
  const swallowed = new Set<Socket>()
  let connections = 0
  let mostAtOnce = 0
  let toDie = 0
  const server = createServer((near) => {
    connections += 1
    open.add(near)
    mostAtOnce = Math.max(mostAtOnce, open.size)
    if (toDie > 0) {
      toDie -= 1
      dead.add(near)
    }
    const far = connect(Number(port), hostname)
    near.on('data', (bytes) => (dead.has(near) ? swallowed.add(near) : far.write(bytes)))
    far.on('data', (bytes) => dead.has(near) || near.write(bytes))
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {}).on('close', () => other.destroy())
    }
    near.on('close', () => open.delete(near))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the way has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    get connections() {
      return connections
    },
    get open() {
      return open.size
    },
    get mostAtOnce() {
      return mostAtOnce
    },
    get swallowed() {
      return swallowed.size
    },
    blackhole(more = 0) {
      for (const socket of open) dead.add(socket)
      toDie = more
    },
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

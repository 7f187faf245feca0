/** A node's path to the EC2 endpoint, which can be cut: packets are lost then, so connections hang and none answers. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Ec2Path = {
  /** The endpoint, as the node sees it. */
  readonly url: string
  setCut(isCut: boolean): void
  close(): void
}

type Connection = { readonly near: Socket; readonly far: Socket }

/**
 * @param endpointUrl on this machine
 * @throws the listen error
 */
export async function startEc2Path(endpointUrl: string): Promise<Ec2Path> {
  const { hostname, port } = new URL(endpointUrl)
  const connections = new Set<Connection>()
  let isCut = false
  const server = createServer((near) => {
    const connection = { near, far: connect(Number(port), hostname) }
    connections.add(connection)
    for (const socket of [near, connection.far]) {
      socket.on('error', () => end(connection))
      socket.on('close', () => end(connection))
    }
    if (!isCut) join(connection)
  })

  function end(connection: Connection): void {
    connections.delete(connection)
    connection.near.destroy()
    connection.far.destroy()
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    setCut(next) {
      if (next === isCut) return
      isCut = next
      // Whoever still waits when the path is there again sends its packets again.
      for (const connection of connections) (isCut ? part : join)(connection)
    },
    close() {
      server.close()
      for (const connection of connections) end(connection)
    },
  }
}

function join({ near, far }: Connection): void {
  near.pipe(far)
  far.pipe(near)
}

function part({ near, far }: Connection): void {
  near.unpipe(far)
  far.unpipe(near)
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('it listens on no port')
  return address.port
}

import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'

/** Longer than any client keeps idle connections, so that the server never closes one in use. */
const KEEP_ALIVE_MS = 120_000

/** Starts a server. @throws if it cannot listen */
export function listen(
  listener: RequestListener,
  where: { host: string; port: number } | { path: string },
): Promise<Server> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => resolve(server))
  })
}

/** Stops a server and closes its open connections. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** A URL to reach the server from this machine. */
export function urlOf(host: string, server: Server | undefined): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return listeningUrlOf(reachable, server)
}

/** The URL it listens on; a wildcard address is not reachable as such. */
export function listeningUrlOf(host: string, server: Server | undefined): string {
  const address = server?.address()
  const port = isTcp(address) ? address.port : 0
  return `http://${urlHost(host)}:${port}`
}

/** An address as URLs write it. */
export function urlHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address
}

function isTcp(address: AddressInfo | string | null | undefined): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

/** A request's whole body. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

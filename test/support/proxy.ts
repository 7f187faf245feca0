/** An HTTP proxy on this host, which keeps a record of what it was asked for. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request as requestHttp,
  type Server,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'

export type ProxyOptions = {
  /** `user:password` that it demands. */
  readonly login?: string
  /** Status with which it declines every tunnel. */
  readonly declines?: number
  /** Port on this host to which it connects, whatever host it was asked for. */
  readonly to?: number
  /** Makes it speak TLS. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer }
}

/** Starts it until the test is over. `asked`: the request lines. */
export async function startProxy({ login, declines, to, tls }: ProxyOptions = {}) {
  const asked: string[] = []
  const mayPass = ({ headers }: IncomingMessage) =>
    login === undefined || headers['proxy-authorization'] === `Basic ${Buffer.from(login).toString('base64')}`

  const forward: RequestListener = (incoming, outgoing) => {
    const { method, url = '', headers } = incoming
    asked.push(`${method} ${url}`)
    if (!mayPass(incoming)) return void outgoing.writeHead(407).end()
    const onward = requestHttp(url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  }
  const server: Server = tls ? createTlsServer(tls, forward) : createServer(forward)
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    const { url = '' } = incoming
    asked.push(`CONNECT ${url}`)
    client.on('error', () => {})
    const refusal = mayPass(incoming) ? declines && `${declines} No` : '407 Proxy Authentication Required'
    if (refusal) return void client.end(`HTTP/1.1 ${refusal}\r\n\r\n`)
    const onward = connect({ host: '127.0.0.1', port: to ?? Number(url.split(':').at(-1)) }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(client).pipe(onward)
    })
    onward.on('error', () => client.destroy())
    client.on('close', () => onward.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const url = (user = '') => `${tls ? 'https' : 'http'}://${user && `${user}@`}127.0.0.1:${port}`
  return { asked, url, port }
}

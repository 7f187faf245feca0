/** Connections to EC2 that survive the loss of a zone: one that may be dead is never reused. */
import { once } from 'node:events'
import { type ClientRequest, type ClientRequestArgs, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { bundledAuthorities, missingAuthorities } from './certificate-authorities.ts'
import { type ConnectionOptions, Connector } from './connector.ts'
import { type HttpProxy, type ProxyFor, proxiesOf, throughProxy, tunnel } from './proxy.ts'
import { ReadyConnections } from './ready-connections.ts'

/** TCP keepalive interval of idle connections: keeps NAT mappings alive and detects dead peers. */
const PROBE_AFTER_MS = 5000

/** Can open connections before they are needed. */
type KeepsReady = {
  /**
   * Keeps `count` idle connections open for requests like this one, until called again: opens missing ones one by one
   * and closes surplus ones. Sends no request.
   */
  keepReady(count: number, request: ClientRequestArgs): void
}

export type Connections = {
  readonly httpAgent: HttpAgent & KeepsReady
  readonly httpsAgent: HttpsAgent & KeepsReady
  readonly proxyFor: ProxyFor
}

/**
 * HTTP agents that close all idle connections as soon as one does not answer in time; new ones then prefer other
 * addresses of the endpoint, if it has any. The number of connections is not limited. TLS goes through the proxy that the
 * environment names; plain requests must be addressed to it (answers.ts).
 * @throws Failure of kind `config` if the environment names a proxy or CAs that cannot be used
 */
export function openConnections(options: ConnectionOptions, env: NodeJS.ProcessEnv = process.env): Connections {
  const connector = new Connector(options)
  const proxyFor = proxiesOf(env)
  const way = { proxyFor, authorities: bundledAuthorities(env) }
  return {
    httpAgent: new PlainAgent(connector, options),
    httpsAgent: new TlsAgent(connector, options, way),
    proxyFor,
  }
}

class PlainAgent extends HttpAgent implements KeepsReady {
  readonly #connector: Connector
  readonly #standby: ReadyConnections

  constructor(connector: Connector, { clock }: ConnectionOptions) {
    super({ keepAlive: true })
    this.#connector = connector
    this.#standby = new ReadyConnections(clock)
    this.on('free', (connection: Duplex) => connector.answered(connection))
  }

  keepReady(count: number, request: ClientRequestArgs): void {
    this.#standby.keep(this.getName(request), count - idleIn(this, request), async () => {
      const connection = this.#connector.connect(request)
      await once(connection, 'connect')
      return connection.setKeepAlive(true, PROBE_AFTER_MS)
    })
  }

  closeIdle(): void {
    this.#standby.close()
    closeFree(this)
  }

  override destroy(): void {
    this.#standby.close()
    super.destroy()
  }

  override createConnection(request: ClientRequestArgs): Duplex {
    const connection = this.#standby.take(this.getName(request)) ?? this.#connector.connect(request)
    this.#connector.asked(this, connection)
    return connection
  }

  override reuseSocket(connection: Duplex, request: ClientRequest): void {
    super.reuseSocket(connection, request)
    this.#connector.asked(this, connection)
  }
}

/** @param authorities the only CAs to trust, if the environment names them */
function trust(authorities: string[] | undefined): { readonly secureContext?: SecureContext } {
  const ca = authorities ?? missingAuthorities()
  return ca ? { secureContext: createSecureContext({ ca }) } : {}
}

/** How TLS connections are made, by the environment. */
type Way = { readonly proxyFor: ProxyFor; readonly authorities: string[] | undefined }

type Opened = (error: Error | null, connection: Duplex) => void

/** TLS over our own TCP connection, since Node's TLS sockets cannot be reset. */
class TlsAgent extends HttpsAgent implements KeepsReady {
  readonly #connector: Connector
  readonly #standby: ReadyConnections
  readonly #connectTimeoutMs: number
  readonly #way: Way
  /** Created on the first connection: loading CAs may take longer than connecting. */
  #trust: { readonly secureContext?: SecureContext } | undefined

  constructor(connector: Connector, { clock, connectTimeoutMs }: ConnectionOptions, way: Way) {
    super({ keepAlive: true })
    this.#connector = connector
    this.#standby = new ReadyConnections(clock)
    this.#connectTimeoutMs = connectTimeoutMs
    this.#way = way
    this.on('free', (connection: Duplex) => connector.answered(connection))
  }

  keepReady(count: number, request: ClientRequestArgs): void {
    this.#standby.keep(this.getName(request), count - idleIn(this, request), async () => {
      const secure = await new Promise<TLSSocket>((resolve, reject) => {
        this.#open(request, resolve, reject)
      })
      const timedOut = () => secure.destroy(new Error('the TLS handshake timed out'))
      secure.setTimeout(this.#connectTimeoutMs, timedOut)
      await once(secure, 'secureConnect')
      return secure.setTimeout(0).off('timeout', timedOut).setKeepAlive(true, PROBE_AFTER_MS)
    })
  }

  closeIdle(): void {
    this.#standby.close()
    closeFree(this)
  }

  override destroy(): void {
    this.#standby.close()
    super.destroy()
  }

  override createConnection(request: ClientRequestArgs, done?: Opened): Duplex | undefined {
    const ready = this.#standby.take(this.getName(request))
    if (ready) {
      this.#connector.asked(this, ready)
      return ready
    }
    const connection = this.#open(
      request,
      (secure) => {
        this.#connector.asked(this, secure)
        done?.(null, secure)
      },
      (error) => done?.(error, connection),
    )
    return undefined
  }

  override reuseSocket(connection: Duplex, request: ClientRequest): void {
    super.reuseSocket(connection, request)
    this.#connector.asked(this, connection)
  }

  /** Calls `onSecuring` when the TLS handshake begins. */
  #open(request: ClientRequestArgs, onSecuring: (secure: TLSSocket) => void, onError: (error: Error) => void): Socket {
    const proxy = this.#way.proxyFor({ protocol: 'https:', host: request.host ?? '', port: Number(request.port) })
    const connection = this.#connector.connect(proxy ?? request)
    const fail = (error: Error) => onError(proxy ? throughProxy(error, proxy) : error)
    const secure = (socket: Duplex) => {
      this.#trust ??= trust(this.#way.authorities)
      const options = { ...request, ...this.#trust, socket }
      const secured = super.createConnection(options)
      if (secured instanceof TLSSocket) onSecuring(secured)
    }
    connection.on('error', fail)
    // Only after connecting: TLS keeps the socket's current handle, and each address tried gets a new one.
    connection.once('connect', () => {
      if (!proxy) return secure(connection)
      this.#tunnel(connection, request, proxy).then(secure, (error: Error) => {
        // Ended first, so that it is closed in order: nothing was sent that must not arrive later.
        connection.end().destroy()
        fail(error)
      })
    })
    return connection
  }

  /** Makes a connection to the proxy one to the request's host. */
  async #tunnel(connection: Socket, request: ClientRequestArgs, proxy: HttpProxy): Promise<Duplex> {
    const timedOut = () =>
      connection.destroy(Object.assign(new Error('the proxy did not answer in time'), { code: 'ETIMEDOUT' }))
    connection.setTimeout(this.#connectTimeoutMs, timedOut)
    let way: Duplex = connection
    if (proxy.isTls) {
      this.#trust ??= trust(this.#way.authorities)
      const servername = isIP(proxy.host) ? '' : proxy.host
      way = connectTls({ ...this.#trust, host: proxy.host, servername, socket: connection })
      await once(way, 'secureConnect')
    }
    await tunnel(way, request, proxy)
    connection.setTimeout(0).off('timeout', timedOut)
    return way
  }
}

/** Number of idle connections that could carry such a request. */
function idleIn(agent: HttpAgent, request: ClientRequestArgs): number {
  return agent.freeSockets[agent.getName(request)]?.length ?? 0
}

function closeFree(agent: HttpAgent): void {
  for (const idle of Object.values(agent.freeSockets).flat()) idle?.destroy()
}

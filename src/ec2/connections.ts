/**
 * Connections to EC2 while a zone is being lost: one that may be dead is not used again, and what was given up is not
 * delivered later.
 */
import { type LookupAddress, lookup as resolveName } from 'node:dns'
import { type ClientRequest, type ClientRequestArgs, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { type LookupFunction, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Clock, UNWANTED } from '../clock.ts'

/** Without an answer for so long, a connection is doubted: before a hedge of its call looks for another. */
const DOUBT_AFTER_MS = 750
/** For how long the address of a doubted connection is tried after the others of its name. */
const AVOIDED_MS = 60_000

export type ConnectionOptions = {
  readonly clock: Clock
  readonly connectTimeoutMs: number
  /** Finds the addresses of a name; by default, as the system does. */
  readonly resolve?: LookupFunction
}

/**
 * Agents whose idle connections are all closed as soon as one does not answer in time; those that are opened then go to
 * other addresses of the endpoint's name, where it has any. They open as many as there are calls.
 */
export function openConnections(options: ConnectionOptions): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } {
  const connector = new Connector(options)
  return { httpAgent: new PlainAgent(connector), httpsAgent: new TlsAgent(connector) }
}

/** Opens connections, and remembers which addresses did not answer of late. */
class Connector {
  readonly #options: ConnectionOptions
  readonly #avoidedUntil = new Map<string, number>()
  readonly #watches = new WeakMap<Duplex, AbortController>()

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** Begins to connect: to one address of the name after the other, to each for Node's 250 ms. */
  connect({ host, port }: ClientRequestArgs): Connection {
    const connection = new Connection()
    const timedOut = () => connection.destroy(Object.assign(new Error('connecting timed out'), { code: 'ETIMEDOUT' }))
    connection.setTimeout(this.#options.connectTimeoutMs, timedOut)
    connection.once('connect', () => connection.setTimeout(0).off('timeout', timedOut))
    return connection
      .setNoDelay(true)
      .connect({ host: host ?? 'localhost', port: Number(port), lookup: this.#lookup, autoSelectFamily: true })
  }

  /** A request goes out on the connection. */
  asked(agent: HttpAgent, connection: Duplex): void {
    if (!this.#watches.has(connection)) connection.once('close', () => this.#watches.get(connection)?.abort(UNWANTED))
    const over = new AbortController()
    this.#watches.set(connection, over)
    this.#options.clock.sleep(DOUBT_AFTER_MS, over.signal).then(
      () => this.#doubt(agent, connection),
      () => {}, // Answered, or closed.
    )
  }

  answered(connection: Duplex): void {
    this.#watches.get(connection)?.abort(UNWANTED)
    this.#avoidedUntil.delete(addressOf(connection))
  }

  #doubt(agent: HttpAgent, connection: Duplex): void {
    this.#avoidedUntil.set(addressOf(connection), this.#options.clock.now() + AVOIDED_MS)
    for (const idle of Object.values(agent.freeSockets).flat()) idle?.destroy()
  }

  readonly #lookup: LookupFunction = (name, options, callback) => {
    const { resolve = resolveName } = this.#options
    resolve(name, options, (error, found, family) => {
      callback(error, Array.isArray(found) ? this.#lastTheAvoided(found) : found, family)
    })
  }

  #lastTheAvoided(addresses: readonly LookupAddress[]): LookupAddress[] {
    const now = this.#options.clock.now()
    const isAvoided = ({ address }: LookupAddress) => (this.#avoidedUntil.get(address) ?? 0) > now
    return addresses.toSorted((a, b) => Number(isAvoided(a)) - Number(isAvoided(b)))
  }
}

/** Empty while it is being connected. */
function addressOf(connection: Duplex): string {
  return (connection instanceof Socket && connection.remoteAddress) || ''
}

/**
 * A TCP connection that ends with a reset. After an orderly close the kernel goes on to deliver what was written, for a
 * minute and more, even when the process is gone: a write that was given up would arrive when the network heals.
 */
class Connection extends Socket {
  #reset: { readonly error: Error | undefined } | undefined

  override destroy(error?: Error): this {
    if (this.#reset || !this.remoteAddress || this.writableEnded) return super.destroy(error ?? this.#reset?.error)
    this.#reset = { error }
    return this.resetAndDestroy()
  }
}

class PlainAgent extends HttpAgent {
  readonly #connector: Connector

  constructor(connector: Connector) {
    super({ keepAlive: true })
    this.#connector = connector
    this.on('free', (connection: Duplex) => connector.answered(connection))
  }

  override createConnection(request: ClientRequestArgs): Duplex {
    const connection = this.#connector.connect(request)
    this.#connector.asked(this, connection)
    return connection
  }

  override reuseSocket(connection: Duplex, request: ClientRequest): void {
    super.reuseSocket(connection, request)
    this.#connector.asked(this, connection)
  }
}

/** TLS over a connection of ours, for a TLS socket of Node's own cannot be reset. */
class TlsAgent extends HttpsAgent {
  readonly #connector: Connector

  constructor(connector: Connector) {
    super({ keepAlive: true })
    this.#connector = connector
    this.on('free', (connection: Duplex) => connector.answered(connection))
  }

  override createConnection(
    request: ClientRequestArgs,
    done?: (error: Error | null, connection: Duplex) => void,
  ): undefined {
    const connection = this.#connector.connect(request)
    connection.on('error', (error) => done?.(error, connection))
    // Not before it is connected: TLS keeps the handle that it finds, and each address that is tried has another one.
    connection.once('connect', () => {
      const options = { ...request, socket: connection }
      const secure = super.createConnection(options)
      if (!secure) return
      this.#connector.asked(this, secure)
      done?.(null, secure)
    })
  }

  override reuseSocket(connection: Duplex, request: ClientRequest): void {
    super.reuseSocket(connection, request)
    this.#connector.asked(this, connection)
  }
}

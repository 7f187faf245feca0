/**
 * Opens connections that are closed with a reset, so that an abandoned request is not delivered later, and remembers
 * addresses that recently did not answer.
 */
import { type LookupAddress, lookup as resolveName } from 'node:dns'
import type { ClientRequestArgs } from 'node:http'
import { type LookupFunction, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Clock, UNWANTED } from '../../../platform/clock.ts'

/**
 * A connection without an answer for this long is suspect. Shorter than the hedge delay, so that the hedge avoids its
 * address.
 */
const SUSPECT_AFTER_MS = 750
/** How long a suspect connection's address is tried last. */
const AVOID_FOR_MS = 60_000

export type ConnectionOptions = {
  readonly clock: Clock
  readonly connectTimeoutMs: number
  /** Resolves a name; default: the system's resolver. */
  readonly resolve?: LookupFunction
}

/** Owns the idle connections that are closed when one becomes suspect. */
type IdleOwner = { closeIdle(): void }

export class Connector {
  readonly #options: ConnectionOptions
  readonly #avoidedUntil = new Map<string, number>()
  readonly #watches = new WeakMap<Duplex, AbortController>()

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** Starts connecting: tries the name's addresses in turn, each for Node's 250 ms. */
  connect({ host, port }: Pick<ClientRequestArgs, 'host' | 'port'>): Connection {
    const connection = new Connection()
    const timedOut = () => connection.destroy(Object.assign(new Error('connecting timed out'), { code: 'ETIMEDOUT' }))
    connection.setTimeout(this.#options.connectTimeoutMs, timedOut)
    connection.once('connect', () => connection.setTimeout(0).off('timeout', timedOut))
    return connection
      .setNoDelay(true)
      .connect({ host: host ?? 'localhost', port: Number(port), lookup: this.#lookup, autoSelectFamily: true })
  }

  /** Notes that a request is being sent on the connection. */
  asked(owner: IdleOwner, connection: Duplex): void {
    if (!this.#watches.has(connection)) connection.once('close', () => this.#watches.get(connection)?.abort(UNWANTED))
    const over = new AbortController()
    this.#watches.set(connection, over)
    this.#options.clock.sleep(SUSPECT_AFTER_MS, over.signal).then(
      () => this.#suspect(owner, connection),
      () => {}, // Answered, or closed.
    )
  }

  answered(connection: Duplex): void {
    this.#watches.get(connection)?.abort(UNWANTED)
    this.#avoidedUntil.delete(addressOf(connection))
  }

  #suspect(owner: IdleOwner, connection: Duplex): void {
    this.#avoidedUntil.set(addressOf(connection), this.#options.clock.now() + AVOID_FOR_MS)
    owner.closeIdle()
  }

  readonly #lookup: LookupFunction = (name, options, callback) => {
    const { resolve = resolveName } = this.#options
    resolve(name, options, (error, found, family) => {
      callback(error, Array.isArray(found) ? this.#avoidedLast(found) : found, family)
    })
  }

  #avoidedLast(addresses: readonly LookupAddress[]): LookupAddress[] {
    const now = this.#options.clock.now()
    const isAvoided = ({ address }: LookupAddress) => (this.#avoidedUntil.get(address) ?? 0) > now
    return addresses.toSorted((a, b) => Number(isAvoided(a)) - Number(isAvoided(b)))
  }
}

/** The remote address; empty while connecting. */
function addressOf(connection: Duplex): string {
  return (connection instanceof Socket && connection.remoteAddress) || ''
}

/**
 * A TCP connection that is closed with a reset. After an orderly close the kernel keeps delivering what was written for
 * a minute or more, even if the process is gone: an abandoned write would arrive once the network heals.
 */
class Connection extends Socket {
  #reset: { readonly error: Error | undefined } | undefined

  override destroy(error?: Error): this {
    if (this.#reset || !this.remoteAddress || this.writableEnded) return super.destroy(error ?? this.#reset?.error)
    this.#reset = { error }
    return this.resetAndDestroy()
  }
}

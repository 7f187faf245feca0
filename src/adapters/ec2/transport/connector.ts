/**
 * Opens connections that end with a reset, so that what was given up is not delivered later; and remembers which addresses
 * did not answer of late.
 */
import { type LookupAddress, lookup as resolveName } from 'node:dns'
import type { ClientRequestArgs } from 'node:http'
import { type LookupFunction, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Clock, UNWANTED } from '../../../platform/clock.ts'

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

/** Whose idle connections are closed when one is doubted. */
type IdleOwner = { closeIdle(): void }

export class Connector {
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
  asked(owner: IdleOwner, connection: Duplex): void {
    if (!this.#watches.has(connection)) connection.once('close', () => this.#watches.get(connection)?.abort(UNWANTED))
    const over = new AbortController()
    this.#watches.set(connection, over)
    this.#options.clock.sleep(DOUBT_AFTER_MS, over.signal).then(
      () => this.#doubt(owner, connection),
      () => {}, // Answered, or closed.
    )
  }

  answered(connection: Duplex): void {
    this.#watches.get(connection)?.abort(UNWANTED)
    this.#avoidedUntil.delete(addressOf(connection))
  }

  #doubt(owner: IdleOwner, connection: Duplex): void {
    this.#avoidedUntil.set(addressOf(connection), this.#options.clock.now() + AVOIDED_MS)
    owner.closeIdle()
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

/** Connections opened in advance of requests. */
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../platform/clock.ts'

/**
 * A connection that its server closes sooner is not replaced until the next `keep`, or this would loop. Milliseconds.
 */
const REPLACEABLE_AFTER_MS = 5000

export class ReadyConnections {
  readonly #clock: Clock
  /** Each connection with the callback that releases it. */
  readonly #ready = new Map<Duplex, () => void>()
  /** The agent's name for their destination. */
  #name = ''
  /** Target size of `#ready`. */
  #wanted = 0
  #open: (() => Promise<Duplex>) | undefined
  #isOpening = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Keeps this many connections open, minus those taken, until the next call. `open` resolves when a connection is
   * ready for a request.
   */
  keep(name: string, wanted: number, open: () => Promise<Duplex>): void {
    if (name !== this.#name) this.close()
    this.#name = name
    this.#wanted = Math.max(0, wanted)
    this.#open = open
    for (const connection of [...this.#ready.keys()].slice(this.#wanted)) this.#close(connection)
    void this.#fill()
  }

  /** Takes a connection to that destination, if one is ready. */
  take(name: string): Duplex | undefined {
    if (name !== this.#name) return undefined
    for (const [connection, forget] of this.#ready) {
      forget()
      this.#wanted -= 1
      if (!connection.destroyed) return connection
    }
    return undefined
  }

  /** Closes all; opens none until the next `keep`. */
  close(): void {
    this.#wanted = 0
    for (const connection of this.#ready.keys()) this.#close(connection)
  }

  /** One at a time, so that a failover meanwhile need not wait for every handshake. */
  async #fill(): Promise<void> {
    if (this.#isOpening) return
    this.#isOpening = true
    try {
      while (this.#open && this.#ready.size < this.#wanted) {
        const name = this.#name
        const connection = await this.#open()
        this.#add(connection)
        if (name !== this.#name || this.#ready.size > this.#wanted) this.#close(connection)
      }
    } catch {
      // Reads report whether EC2 is reachable; the next `keep` retries.
    } finally {
      this.#isOpening = false
    }
  }

  #add(connection: Duplex): void {
    const readyAt = this.#clock.now()
    const forget = () => {
      this.#ready.delete(connection)
      connection.off('data', drop).off('end', drop).off('close', drop)
    }
    // Servers never speak first: any data means that it is closing.
    const drop = () => {
      this.#close(connection)
      if (this.#clock.now() - readyAt < REPLACEABLE_AFTER_MS) this.#wanted -= 1
      void this.#fill()
    }
    connection.on('data', drop).on('end', drop).on('close', drop)
    // Kept for its lifetime: until a request uses it, nobody else handles errors.
    connection.on('error', () => {})
    this.#ready.set(connection, forget)
  }

  #close(connection: Duplex): void {
    this.#ready.get(connection)?.()
    connection.destroy()
  }
}

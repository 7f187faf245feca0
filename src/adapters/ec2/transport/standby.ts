/** Connections that are open before there is a request for them. */
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../platform/clock.ts'

/** One that its server closes sooner is not replaced before the next `keep`: that would go on and on. Milliseconds. */
const WORTH_REPLACING_AFTER_MS = 5000

export class Standby {
  readonly #clock: Clock
  /** With what to do when one is no longer ours. */
  readonly #ready = new Map<Duplex, () => void>()
  /** What they are for. */
  #name = ''
  /** How many are to be open, of which `#ready` are. */
  #wanted = 0
  #open: (() => Promise<Duplex>) | undefined
  #isOpening = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Keeps so many open, less those that are taken, until the next call. `open` resolves when a connection is ready for a request. */
  keep(name: string, wanted: number, open: () => Promise<Duplex>): void {
    if (name !== this.#name) this.close()
    this.#name = name
    this.#wanted = Math.max(0, wanted)
    this.#open = open
    for (const connection of [...this.#ready.keys()].slice(this.#wanted)) this.#close(connection)
    void this.#fill()
  }

  /** One of that name, which nobody else gets any more. */
  take(name: string): Duplex | undefined {
    if (name !== this.#name) return undefined
    for (const [connection, forget] of this.#ready) {
      forget()
      this.#wanted -= 1
      if (!connection.destroyed) return connection
    }
    return undefined
  }

  /** Closes all of them; none is opened before the next `keep`. */
  close(): void {
    this.#wanted = 0
    for (const connection of this.#ready.keys()) this.#close(connection)
  }

  /** One after the other, so that a failover meanwhile need not wait for the handshakes of all. */
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
      // The reads tell people whether EC2 is to be reached; the next `keep` tries again.
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
    // A server says nothing unasked; whatever it says, it is a goodbye.
    const drop = () => {
      this.#close(connection)
      if (this.#clock.now() - readyAt < WORTH_REPLACING_AFTER_MS) this.#wanted -= 1
      void this.#fill()
    }
    connection.on('data', drop).on('end', drop).on('close', drop)
    // For as long as it lives: nobody else listens before its request does.
    connection.on('error', () => {})
    this.#ready.set(connection, forget)
  }

  #close(connection: Duplex): void {
    this.#ready.get(connection)?.()
    connection.destroy()
  }
}

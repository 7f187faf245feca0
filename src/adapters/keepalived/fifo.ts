/** keepalived's events from its FIFO, in the order written (vrrp_notify_fifo). */
import { closeSync, type FSWatcher, watch } from 'node:fs'
import { Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { type FifoEvent, parseEventLine } from './event.ts'
import { drain, fifoAt, lockReader, makeFifo, type OpenFifo, openFifo } from './fifo-file.ts'
import { splitLines } from './lines.ts'

/**
 * Why events may have been missed.
 * - `start`: nothing was read before.
 * - `reopened`: the FIFO was replaced, as after a reload of keepalived.
 * - `writer-gone`: keepalived has closed the FIFO: it is reloading, ending or dead.
 * - `overflow`: the pipe was nearly full, and keepalived silently drops what does not fit.
 * - `malformed`: a line was rejected.
 * - `failed`: the FIFO could not be read.
 */
export type Gap = 'start' | 'reopened' | 'writer-gone' | 'overflow' | 'malformed' | 'failed'

export type FifoHandlers = {
  onEvent(event: FifoEvent): void
  /** Called with a line that is not a keepalived event, truncated if too long. `onGap('malformed')` follows. */
  onMalformed(line: string): void
  /** Called when events may have been missed: the true state must be read again. */
  onGap(reason: Gap): void
}

export type Fifo = {
  /** Stops reading and releases the reader's lock. No handler is called afterwards. */
  close(): void
}

/** The most that the kernel writes atomically (pipe(7), PIPE_BUF); keepalived writes no longer lines. */
const LONGEST_LINE_BYTES = 4096
/**
 * A read of this size means that lines have piled up. The smallest pipe is a page of 4096 bytes (pipe(7),
 * pipe-user-pages-soft); a false alarm is cheap.
 */
const PILED_UP_BYTES = 3072
/** Looking at the path this often finds a new FIFO even if the directory itself was replaced, which loses watch events. */
const LOOK_MS = 3000

/**
 * Reads the FIFO, creating it if missing, until closed. Lines already in it are of unknown age: they are dropped, and
 * `onGap('start')` is called soon after this returns.
 *
 * The event loop polls the pipe (as a Socket), so no thread blocks in a read.
 * @throws Failure `config` if the path is not a FIFO, `refused` if another process reads it already, `failed`
 */
export function readFifo(path: string, handlers: FifoHandlers): Fifo {
  makeFifo(path)
  const unlock = lockReader(path)
  try {
    return new Reader(path, handlers, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

type Source = OpenFifo & { readonly socket: Socket }

class Reader implements Fifo {
  readonly #path: string
  readonly #handlers: FifoHandlers
  readonly #unlock: () => void
  readonly #watcher: FSWatcher
  readonly #timer: NodeJS.Timeout
  readonly #lines = splitLines(LONGEST_LINE_BYTES, {
    onLine: (line) => this.#take(line),
    onGarbage: (line) => this.#reject(line),
  })
  #source: Source | undefined
  #closed = false

  constructor(path: string, handlers: FifoHandlers, unlock: () => void) {
    this.#path = path
    this.#handlers = handlers
    this.#unlock = unlock
    // Watch before opening the FIFO, so that no replacement goes unnoticed.
    this.#watcher = watch(dirname(path), (_, name) => {
      if (name === null || name === basename(path)) this.#follow()
    })
    this.#watcher.on('error', () => this.#watcher.close())
    this.#timer = setInterval(() => this.#follow(), LOOK_MS).unref()
    try {
      const fifo = openFifo(path)
      if (fifo) {
        discard(fifo)
        this.#listen(fifo)
      }
    } catch (error) {
      this.#stop()
      throw error
    }
    queueMicrotask(() => this.#gap('start'))
  }

  close(): void {
    if (this.#closed) return
    this.#stop()
    this.#unlock()
  }

  #stop(): void {
    this.#closed = true
    clearInterval(this.#timer)
    this.#watcher.close()
    this.#source?.socket.destroy()
  }

  #listen(fifo: OpenFifo): void {
    const socket = new Socket({ fd: fifo.descriptor, readable: true, writable: false })
    const source = { ...fifo, socket }
    this.#source = source
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => this.#replace(source, 'writer-gone'))
    socket.on('error', () => this.#replace(source, 'failed'))
  }

  #read(chunk: Uint8Array): void {
    this.#lines.push(chunk)
    if (chunk.length >= PILED_UP_BYTES) this.#gap('overflow')
  }

  /** Switches to the FIFO now at the path, if it is a different one. */
  #follow(): void {
    const there = fifoAt(this.#path)
    if (!this.#closed && there !== undefined && there !== this.#source?.identity)
      this.#replace(this.#source, 'reopened')
  }

  /**
   * Opens the path again before closing the old FIFO: a pipe and its contents live as long as somebody has it open. While
   * the path cannot be opened, each look reports that.
   */
  #replace(old: Source | undefined, reason: Gap): void {
    if (this.#closed || old !== this.#source) return
    let fifo: OpenFifo | undefined
    try {
      fifo = openFifo(this.#path)
    } catch {
      this.#turnTo(undefined, 'failed')
      return
    }
    // Without a new FIFO, keepalived still writes to the old one, unless that has ended.
    if (fifo || reason !== 'reopened') this.#turnTo(fifo, fifo && fifo.identity !== old?.identity ? 'reopened' : reason)
  }

  #turnTo(fifo: OpenFifo | undefined, gap: Gap): void {
    if (this.#source) this.#finish(this.#source)
    this.#source = undefined
    // A handler may have closed the reader.
    if (fifo && this.#closed) closeSync(fifo.descriptor)
    else if (fifo) this.#listen(fifo)
    this.#gap(gap)
  }

  /** Reads what is left. It precedes the new FIFO's contents: keepalived closes the old one before opening the new. */
  #finish({ socket, ...fifo }: Source): void {
    try {
      for (const chunk of drain(fifo)) this.#read(chunk)
    } catch {
      // The rest is lost, and the gap is reported.
    }
    this.#lines.end()
    socket.destroy()
  }

  #take(line: string): void {
    if (this.#closed) return
    const event = eventIn(line)
    if (event) this.#handlers.onEvent(event)
    else this.#reject(line)
  }

  #reject(line: string): void {
    if (!this.#closed) this.#handlers.onMalformed(line)
    this.#gap('malformed')
  }

  #gap(reason: Gap): void {
    if (!this.#closed) this.#handlers.onGap(reason)
  }
}

function discard(fifo: OpenFifo): void {
  const chunks = drain(fifo)
  while (!chunks.next().done);
}

function eventIn(line: string): FifoEvent | undefined {
  try {
    return parseEventLine(line)
  } catch {
    return undefined
  }
}

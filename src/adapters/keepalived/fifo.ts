/** keepalived's events, in the order in which it wrote them (vrrp_notify_fifo). */
import { closeSync, type FSWatcher, watch } from 'node:fs'
import { Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { type FifoEvent, parseEventLine } from './event.ts'
import { drain, fifoAt, lockReader, makeFifo, type OpenFifo, openFifo } from './fifo-file.ts'
import { splitLines } from './lines.ts'

/**
 * Why events may be missing.
 * - `start`: nothing was read before.
 * - `reopened`: another FIFO is there, as after a reload of keepalived.
 * - `writer-gone`: keepalived has closed the FIFO: it reloads, ends, or is dead.
 * - `overflow`: the pipe was nearly full, and into a full one keepalived writes nothing and says nothing.
 * - `malformed`: a line was rejected.
 * - `failed`: the FIFO could not be read.
 */
export type Gap = 'start' | 'reopened' | 'writer-gone' | 'overflow' | 'malformed' | 'failed'

export type FifoHandlers = {
  onEvent(event: FifoEvent): void
  /** A line that is no event of keepalived; it is cut where it is too long. `onGap('malformed')` follows. */
  onMalformed(line: string): void
  /** The true state must be read again. */
  onGap(reason: Gap): void
}

export type Fifo = {
  /** Ends the reading and gives the reader's lock back. No handler is called any more. */
  close(): void
}

/** What the kernel writes in one piece (pipe(7), PIPE_BUF): keepalived, which writes a line at once, has none longer. */
const LONGEST_LINE_BYTES = 4096
/**
 * What one read finds only where lines have piled up. The smallest pipe that the kernel gives is a page of 4096 bytes
 * (pipe(7), pipe-user-pages-soft); a look too many is cheap.
 */
const PILED_UP_BYTES = 3072
/** Directory events are lost when the directory itself is replaced; then the new FIFO is found so much later. */
const LOOK_MS = 3000

/**
 * Reads the FIFO, which is made where it is missing, until it is closed. Lines that were in it before the start are of
 * unknown age: they are dropped, and `onGap('start')` is called soon after this returns.
 *
 * The pipe is polled by the event loop (a pipe's Socket), and no thread waits in a read.
 * @throws Failure of kind `config` for a path that is no FIFO, `refused` when another process reads it already, `failed`
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
    // Before the FIFO is opened, so that none can replace it unseen.
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

  /** Turns to the FIFO that the path leads to now, if it is another one. */
  #follow(): void {
    const there = fifoAt(this.#path)
    if (!this.#closed && there !== undefined && there !== this.#source?.identity)
      this.#replace(this.#source, 'reopened')
  }

  /**
   * Opens the path again, before the old FIFO is closed: a pipe lives as long as anybody has it open, and what is
   * written in between stays in it. While the path cannot be opened, each look reports that.
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
    // Without another one the old FIFO is still the one that keepalived writes to, unless it has ended.
    if (fifo || reason !== 'reopened') this.#turnTo(fifo, fifo && fifo.identity !== old?.identity ? 'reopened' : reason)
  }

  #turnTo(fifo: OpenFifo | undefined, gap: Gap): void {
    if (this.#source) this.#finish(this.#source)
    this.#source = undefined
    // A handler may have ended it all.
    if (fifo && this.#closed) closeSync(fifo.descriptor)
    else if (fifo) this.#listen(fifo)
    this.#gap(gap)
  }

  /** Reads what is left: keepalived wrote it before anything in the new FIFO, for it closes the one, then opens the other. */
  #finish({ socket, ...fifo }: Source): void {
    try {
      for (const chunk of drain(fifo)) this.#read(chunk)
    } catch {
      // It is given up, and the gap reported.
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

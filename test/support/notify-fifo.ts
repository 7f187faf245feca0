/** Real pipes, written to as keepalived does: opened read-write and non-blocking, one write a line. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, onTestFinished } from 'vitest'
import { eventText } from '../../src/adapters/keepalived/event.ts'
import { type Fifo, readFifo } from '../../src/adapters/keepalived/fifo.ts'

export let directory: string
export let path: string

/** To be called once by a test file, before its tests. */
export function makeDirectoryForEachTest(): void {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vip-switch-fifo-'))
    path = join(directory, 'run', 'notify.fifo')
  })
  afterEach(() => rmSync(directory, { recursive: true }))
}

/** What the handlers were called with, in order. */
type Recorded = Fifo & { readonly seen: string[] }

export function record(at = path): Recorded {
  const seen: string[] = []
  const fifo = readFifo(at, {
    onEvent: (event) => seen.push(eventText(event)),
    onMalformed: (line) => seen.push(`malformed ${line}`),
    onGap: (reason) => seen.push(`gap: ${reason}`),
  })
  onTestFinished(() => fifo.close())
  return { seen, close: fifo.close.bind(fifo) }
}

/** A reader that has started, and a writer as keepalived is one. */
export async function started() {
  const fifo = record()
  await expect.poll(() => fifo.seen).toEqual(['gap: start'])
  fifo.seen.length = 0
  return { ...fifo, writer: writerOf() }
}

export function writerOf(at = path) {
  const descriptor = openSync(at, constants.O_RDWR | constants.O_NONBLOCK)
  let open = true
  const close = () => {
    if (open) closeSync(descriptor)
    open = false
  }
  onTestFinished(close)
  return { write: (text: string) => writeSync(descriptor, text), close }
}

export const mkfifo = (at = path) => execFileSync('mkfifo', ['-m', '600', at])
export const line = (priority: number, name = 'VI_1') => `INSTANCE "${name}" MASTER ${priority}\n`

/** Turns of the event loop: a reader that spins is seen in any of them. */
export async function turns(count = 50) {
  for (let i = 0; i < count; i++) await turn()
}

/** The FIFO as a file: made, opened, and kept to one reader. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  type Stats,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, Failure, messageOf } from '../../platform/errors.ts'
import { openOwn, underUmask } from '../../state/directory.ts'
import { assertRootsAlone } from '../../state/take-over.ts'

/** One opening of the FIFO. */
export type OpenFifo = {
  readonly descriptor: number
  /** Differs from that of every other file that is there or open. */
  readonly identity: string
}

/** util-linux and busybox say so by 1 when another one holds the lock. */
const LOCK_IS_HELD = 1
/** A process id. */
const LONGEST_HOLDER_BYTES = 16

/**
 * Makes the FIFO and its directory where they are missing.
 *
 * By mkfifo(1), for Node has no mkfifo(3). Mode 0600, as keepalived makes it: keepalived is root and may open it whosever
 * it is, and anybody else who could write to it could have the routes moved. One that was there before keepalived
 * started is kept over its reloads: keepalived unlinks only what it made itself (core/notify.c, created_fifo).
 * @throws Failure of kind `config` when something else is there; `failed` if it cannot be made, or users other than root
 *   could put another one in its place
 */
export function makeFifo(path: string): void {
  if (process.geteuid?.() === 0) assertRootsAlone(dirname(path))
  if (statOf(path) === undefined) {
    try {
      underUmask(0o022, () => mkdirSync(dirname(path), { recursive: true }))
      // mkfifo's --mode would change the mode after making the FIFO, by its name.
      underUmask(0o177, () => execFileSync('mkfifo', [path], { stdio: ['ignore', 'ignore', 'pipe'] }))
    } catch (error) {
      // keepalived may have made it at the same moment.
      if (statOf(path) === undefined) {
        throw new Failure('failed', `cannot make the FIFO ${path}: ${messageOf(error).trim()}`, {
          hint: 'let its directory be writable, or name another path in keepalived.fifo and in vrrp_notify_fifo',
          cause: error,
        })
      }
    }
  }
  if (!statOf(path)?.isFIFO()) {
    throw new Failure('config', `${path} is there, and is no FIFO`, {
      hint: 'remove it, or name another path in keepalived.fifo and in vrrp_notify_fifo of keepalived.conf',
    })
  }
}

/**
 * Opens the FIFO to read, at once whether somebody writes or not; undefined while there is none.
 *
 * Read-only, so that its end is seen when the last writer, which is keepalived, closes it or dies. One just opened has
 * no end until a writer has come and gone (fifo(7), poll of a FIFO without writers), so waiting on it does not spin.
 * @throws Failure of kind `failed` when it may not be opened
 */
export function openFifo(path: string): OpenFifo | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ELOOP') return undefined
    throw new Failure('failed', `cannot read the FIFO ${path}: ${messageOf(error)}`, {
      hint: 'name the user of vip-switch in keepalived.conf: vrrp_notify_fifo PATH USER',
      cause: error,
    })
  }
  const stat = fstatSync(descriptor)
  if (stat.isFIFO()) return { descriptor, identity: identityOf(stat) }
  closeSync(descriptor)
  return undefined
}

/** Identity of the FIFO that the path leads to now; undefined when there is none. */
export function fifoAt(path: string): string | undefined {
  const stat = statOf(path)
  return stat?.isFIFO() ? identityOf(stat) : undefined
}

/** What is in the FIFO at this moment, chunk by chunk; each is valid until the next. */
export function* drain({ descriptor }: OpenFifo): Generator<Uint8Array> {
  const buffer = Buffer.alloc(65_536)
  for (;;) {
    let length: number
    try {
      length = readSync(descriptor, buffer)
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') return
      throw error
    }
    if (length === 0) return
    yield buffer.subarray(0, length)
  }
}

/**
 * Takes the lock of the FIFO's reader, since two readers get halves of lines (keepalived #2024). The kernel releases it
 * when the process ends, however it ends: flock(2), by flock(1), for Node has none. flock(1) locks the open file
 * that it is given, and ends; the lock stays with the file, which is open here. It is a file of its own, for the FIFO
 * may be replaced by another one.
 * @returns a function that releases it
 * @throws Failure of kind `refused` when another reader has it
 */
export function lockReader(path: string): () => void {
  const lockPath = `${path}.lock`
  const descriptor = openLock(lockPath)
  const { status, error, stderr } = spawnSync('flock', ['-x', '-n', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    encoding: 'utf8',
  })
  if (status !== 0) {
    const holder = holderOf(descriptor)
    closeSync(descriptor)
    if (status === LOCK_IS_HELD) {
      throw new Failure('refused', `another vip-switch reads ${path}${holder && `: process ${holder}`}`, {
        hint: 'two readers of one FIFO get halves of lines: end the other one, or give each its own keepalived.fifo',
      })
    }
    throw new Failure('failed', `cannot lock ${lockPath}: ${error ? messageOf(error) : stderr.trim()}`, {
      hint: 'flock(1) is needed: it is in util-linux',
      cause: error,
    })
  }
  noteHolder(descriptor)
  return () => closeSync(descriptor)
}

function openLock(path: string): number {
  try {
    return openOwn(path, constants.O_RDWR, 0o600)
  } catch (error) {
    throw new Failure('failed', `cannot open ${path}, the lock of the FIFO's reader: ${messageOf(error)}`, {
      hint: `remove ${path} if it is no file, or let its directory be writable for this user`,
      cause: error,
    })
  }
}

function holderOf(descriptor: number): string {
  const buffer = Buffer.alloc(LONGEST_HOLDER_BYTES)
  return buffer.toString('utf8', 0, readSync(descriptor, buffer, { position: 0 })).trim()
}

/** For whoever wants the lock, too. */
function noteHolder(descriptor: number): void {
  try {
    ftruncateSync(descriptor)
    writeSync(descriptor, `${process.pid}\n`, 0)
  } catch {
    // Such as on a full disk: the lock is held all the same.
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`
}

/** The FIFO as a file: creating it, opening it, and locking it for one reader. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
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
  /** Unique among all files that exist or are open. */
  readonly identity: string
}

/** flock(1)'s exit code when the lock is held, in util-linux and busybox. */
const LOCK_IS_HELD = 1
/** Room for a process id. */
const LONGEST_HOLDER_BYTES = 16

/**
 * Creates the FIFO and its directory if they are missing.
 *
 * Uses mkfifo(1), because Node has no mkfifo(3). Mode 0600, as with keepalived: keepalived is root and can open it whoever
 * owns it, and anybody else who could write to it could move the routes. A FIFO that exists before keepalived starts
 * survives its reloads: keepalived unlinks only one that it created itself (core/notify.c, created_fifo).
 * @throws Failure `config` if the path is something else; `failed` if the FIFO cannot be created, or users other than root
 *   could replace it
 */
export function makeFifo(path: string): void {
  if (process.geteuid?.() === 0) assertRootsAlone(dirname(path))
  if (statOf(path) === undefined) {
    try {
      underUmask(0o022, () => mkdirSync(dirname(path), { recursive: true }))
      // mkfifo's --mode would change the mode only after creating the FIFO, by name.
      underUmask(0o177, () => execFileSync('mkfifo', [path], { stdio: ['ignore', 'ignore', 'pipe'] }))
    } catch (error) {
      // keepalived may have created it at the same moment.
      if (statOf(path) === undefined) {
        throw new Failure('failed', `cannot create the FIFO ${path}: ${messageOf(error).trim()}`, {
          hint: 'make its directory writable, or set another path in keepalived.fifo and in vrrp_notify_fifo',
          cause: error,
        })
      }
    }
  }
  if (!statOf(path)?.isFIFO()) {
    throw new Failure('config', `${path} exists and is not a FIFO`, {
      hint: 'remove it, or set another path in keepalived.fifo and in vrrp_notify_fifo of keepalived.conf',
    })
  }
}

/**
 * Opens the FIFO for reading, without waiting for a writer. Returns undefined if there is no FIFO.
 *
 * Read-only, so that we see EOF when the last writer, keepalived, closes it or dies. A newly opened FIFO has no EOF until
 * a writer has come and gone (fifo(7), poll of a FIFO without writers), so polling it does not spin.
 * @throws Failure `failed` if it cannot be opened
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

/** Identity of the FIFO now at the path, if there is one. */
export function fifoAt(path: string): string | undefined {
  const stat = statOf(path)
  return stat?.isFIFO() ? identityOf(stat) : undefined
}

/** The FIFO's current contents in chunks, each valid until the next. */
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
 * Takes the reader's lock, because two readers would each get fragments of lines (keepalived #2024). The kernel releases
 * it when the process ends, however it ends: flock(2), through flock(1), because Node has none. flock(1) locks the open
 * file that it inherits and exits; the lock stays with the file, which is open here. The lock is a separate file, because
 * the FIFO may be replaced.
 * @returns a function that releases the lock
 * @throws Failure `refused` if another reader holds it
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
        hint: 'two readers of one FIFO get fragments of lines: stop the other one, or give each its own keepalived.fifo',
      })
    }
    throw new Failure('failed', `cannot lock ${lockPath}: ${error ? messageOf(error) : stderr.trim()}`, {
      hint: 'install flock(1), which is in util-linux',
      cause: error,
    })
  }
  noteHolder(descriptor)
  return () => closeSync(descriptor)
}

/** The process that last took the reader's lock, if it is noted. */
export function readerOf(path: string): number | undefined {
  try {
    return Number(readFileSync(`${path}.lock`, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

function openLock(path: string): number {
  try {
    return openOwn(path, constants.O_RDWR, 0o600)
  } catch (error) {
    throw new Failure('failed', `cannot open ${path}, the lock of the FIFO's reader: ${messageOf(error)}`, {
      hint: `remove ${path} if it is not a regular file, or make its directory writable for this user`,
      cause: error,
    })
  }
}

function holderOf(descriptor: number): string {
  const buffer = Buffer.alloc(LONGEST_HOLDER_BYTES)
  return buffer.toString('utf8', 0, readSync(descriptor, buffer, { position: 0 })).trim()
}

/** Writes our process id into the lock file, to name us to others who want the lock. */
function noteHolder(descriptor: number): void {
  try {
    ftruncateSync(descriptor)
    writeSync(descriptor, `${process.pid}\n`, 0)
  } catch {
    // As on a full disk; the lock is held anyway.
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`
}

/**
 * Works in directories that other users may write to. A directory is opened, checked, and then used through its
 * descriptor, so renaming it or putting a link in its place changes nothing. New files get their mode when they are made.
 */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../platform/errors.ts'

const { O_RDONLY, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants

export type OpenDirectory = {
  /** Leads to the directory as long as it is open, even if it is renamed or replaced. */
  readonly path: string
  readonly descriptor: number
  readonly stat: Stats
}

/** Opens a directory for `act`. @throws ENOENT; ELOOP or ENOTDIR for anything that is not a directory */
export function inDirectory<Value>(name: string, act: (directory: OpenDirectory) => Value): Value {
  return use(openDirectory(name), name, act)
}

/** The same; makes the directory and its parents if they are missing, writable for their owner only. */
export function inMadeDirectory<Value>(name: string, act: (directory: OpenDirectory) => Value): Value {
  let descriptor: number
  try {
    descriptor = openDirectory(name)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    underUmask(0o022, () => mkdirSync(name, { recursive: true }))
    descriptor = openDirectory(name)
  }
  return use(descriptor, name, act)
}

function openDirectory(name: string): number {
  return openSync(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
}

function use<Value>(descriptor: number, name: string, act: (directory: OpenDirectory) => Value): Value {
  const path = `/proc/self/fd/${descriptor}`
  try {
    return act({ path, descriptor, stat: fstatSync(descriptor) })
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(`${path}/`, `${name}/`)
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** Runs `act`, which must be synchronous, with another umask. */
export function underUmask<Value>(umask: number, act: () => Value): Value {
  const before = process.umask(umask)
  try {
    return act()
  } finally {
    process.umask(before)
  }
}

/**
 * Writes a file so that a reader sees the whole of it or none.
 * Synchronous: it is a few bytes on a tmpfs, and must be there before anything else is done.
 */
export function writeAtomically(directory: OpenDirectory, name: string, text: string, mode = 0o644): void {
  const unfinished = join(directory.path, `${name}.${process.pid}.unfinished`)
  try {
    const descriptor = openNew(unfinished, mode)
    try {
      writeFileSync(descriptor, text)
    } finally {
      closeSync(descriptor)
    }
    renameSync(unfinished, join(directory.path, name))
  } catch (error) {
    // On a full disk, a half-written file would also be in the way of everything else.
    rmSync(unfinished, { force: true })
    throw error
  }
}

/** Opens a new file; follows no link. */
export function openNew(path: string, mode: number): number {
  const open = () => underUmask(0o022, () => openSync(path, 'wx', mode))
  try {
    return open()
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    // Left behind by a killed process that had the same process id.
    rmSync(path)
    return open()
  }
}

/**
 * Opens a file to append to, or to read and write (`O_RDWR`), and makes it if it is missing.
 * @throws Error for anything that another user may have put there: a link, not a regular file, another user's file, or one
 *   with several names
 */
export function openOwn(path: string, how: number, mode: number): number {
  const flags = how | O_CREAT | O_NOFOLLOW | O_NONBLOCK
  const descriptor = underUmask(0o022, () => openSync(path, flags, mode))
  const stat = fstatSync(descriptor)
  if (stat.isFile() && stat.uid === process.geteuid?.() && stat.nlink === 1) return descriptor
  closeSync(descriptor)
  throw new Error('it is not a regular file of this user with one name')
}

export type FoundFile = { readonly text: string; readonly stat: Stats }

/**
 * Reads a file that another user may have put there. Undefined if it is longer, or not a regular file. Follows no link, and
 * does not wait for the writer of a FIFO.
 * @throws ENOENT; ELOOP for a link
 */
export function readFound(path: string, longestBytes: number): FoundFile | undefined {
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.size > longestBytes) return undefined
    const bytes = Buffer.alloc(stat.size)
    return { text: bytes.toString('utf8', 0, readSync(descriptor, bytes)), stat }
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Appends to the history. Several processes do so at once, of root and of the hooks' user, each in its own directory
 * (state/state-directory.ts). Asynchronous: a disk that hangs must not hold up a failover.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../platform/errors.ts'
import { inOwnState } from '../state/state-directory.ts'
import { FULL_BYTES, isSegment, NEWEST, segmentName, superfluous } from './segments.ts'

const { O_RDWR, O_APPEND, O_CREAT, O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants
const MODE = 0o644
const NEWLINE = 10
/** A file may be rotated and removed while it is appended to, but hardly several times in a row. */
const MOST_ATTEMPTS = 5

/**
 * Appends each line in one write, to the first of these directories that can be written.
 * @throws the first one's error if none can
 */
export async function appendLines(directories: readonly string[], lines: readonly string[]): Promise<void> {
  const errors: unknown[] = []
  for (const directory of directories) {
    try {
      return await appendIn(directory, lines)
    } catch (error) {
      errors.push(error)
    }
  }
  throw errors[0]
}

async function appendIn(name: string, lines: readonly string[]): Promise<void> {
  const descriptor = inOwnState(name, ({ path }) => openSync(`${path}/.`, O_RDONLY | O_DIRECTORY))
  // Leads to the directory that was checked, even if it is renamed or replaced.
  const directory = `/proc/self/fd/${descriptor}`
  try {
    for (let attempt = 1; !(await appendOnce(directory, lines)); attempt++) {
      if (attempt === MOST_ATTEMPTS) throw new Error(`${NEWEST} is removed again and again`)
    }
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(directory, name)
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** Returns false if the file was removed meanwhile, and what was appended with it. */
async function appendOnce(directory: string, lines: readonly string[]): Promise<boolean> {
  const path = join(directory, NEWEST)
  const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, MODE)
  try {
    const stat = await file.stat()
    if (stat.nlink === 0) return false
    if (!stat.isFile() || stat.uid !== process.geteuid?.() || stat.nlink > 1)
      throw new Error(`${path} is not a regular file of this user with one name`)
    // Everyone may read it, whatever the umask.
    if ((stat.mode & 0o777) !== MODE) await file.chmod(MODE)
    const isTorn = stat.size > 0 && (await byteAt(file, stat.size - 1)) !== NEWLINE
    for (const line of isTorn ? ['\n', ...lines] : lines) await writeWhole(file, line)
    const { nlink, size, ino } = await file.stat()
    if (nlink === 0) return false
    if (size >= FULL_BYTES) await rotate(directory, ino)
    return true
  } finally {
    await file.close()
  }
}

async function byteAt(file: FileHandle, position: number): Promise<number | undefined> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position)
  return buffer[0]
}

async function writeWhole(file: FileHandle, line: string): Promise<void> {
  const bytes = Buffer.from(line)
  const { bytesWritten } = await file.write(bytes)
  if (bytesWritten < bytes.length) throw new Error('the disk is full: a line was cut off')
}

/** Renames the full file, unless another process has, and removes the oldest ones. */
async function rotate(directory: string, full: number): Promise<void> {
  const path = join(directory, NEWEST)
  try {
    if ((await lstat(path)).ino !== full) return
    await rename(path, join(directory, segmentName(Date.now(), process.pid)))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  const names = (await readdir(directory)).filter(isSegment)
  const segments = await Promise.all(names.map(async (name) => ({ name, bytes: await bytesOf(join(directory, name)) })))
  for (const name of superfluous(segments)) await rm(join(directory, name), { force: true })
}

async function bytesOf(path: string): Promise<number> {
  const found = await lstat(path).catch(() => undefined) // Another process has removed it.
  return found?.size ?? 0
}

/** Where state lives that must outlast one process, and how it is written. */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fchownSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Writes a file so that a reader sees the whole of it or none; makes its directory.
 * Synchronous: it is a few bytes on a tmpfs, and must be there before anything else is done.
 */
export function writeAtomically(path: string, text: string, mode = 0o666): void {
  makeDirectory(dirname(path))
  const unfinished = `${path}.${process.pid}.unfinished`
  rmSync(unfinished, { force: true })
  // A file of its own: the group may write there, too, and root follows no link of theirs.
  const descriptor = openSync(unfinished, 'wx', mode)
  try {
    writeFileSync(descriptor, text)
    inheritOwner(dirname(path), (uid, gid) => fchownSync(descriptor, uid, gid))
  } finally {
    closeSync(descriptor)
  }
  renameSync(unfinished, path)
}

function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  mkdirSync(path, { recursive: true })
  // The daemon's group may write where the daemon does: keepalived's script_user is of it.
  chmodSync(path, statSync(dirname(path)).mode & 0o775)
  inheritOwner(dirname(path), (uid, gid) => chownSync(path, uid, gid))
}

/** What root makes by hand must not be in the way of keepalived's script_user. */
function inheritOwner(directory: string, chown: (uid: number, gid: number) => void): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(directory)
  chown(uid, gid)
}

/** A path of one VRRP instance below the state directory; its name may hold anything. */
export function stateFile(stateDirectory: string, kind: 'events' | 'views' | 'hooks', instance: string): string {
  return join(stateDirectory, kind, encodeURIComponent(instance).replaceAll('.', '%2E'))
}

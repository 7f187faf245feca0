/**
 * Other keepalived processes on this host that dump to the same files. A dump names neither its process nor its host, and
 * the last one written is the one read: so it counts as ours only if no rival has written anything meanwhile.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure, messageOf } from '../../platform/errors.ts'
import { type KeepalivedProcess, openFilesOf, otherKeepalived, temporaryDirectory } from './process.ts'

/** Traces of the rivals' writing at one moment. */
export type Traces = {
  /** Bytes written so far, by process id. Data sent through a socket, such as adverts, does not count. */
  readonly written: ReadonlyMap<number, number>
  /** Files that become the dump when renamed: since 2.3, keepalived writes it this way. */
  readonly drafts: readonly string[]
  /** Whether a rival has the dump open: its output may be visible before it is counted. */
  readonly isOpen: boolean
}

export const NO_TRACES: Traces = { written: new Map(), drafts: [], isOpen: false }

/** @throws Failure if a rival may not be inspected */
export function tracesOf(own: KeepalivedProcess, file: string): Traces {
  const rivals = rivalsOf(own)
  if (rivals.length === 0) return NO_TRACES
  const name = basename(file)
  // The order matters: each sign is checked before the one that would appear next.
  const isOpen = rivals.some((pid) => openNames(pid).some((each) => each.startsWith(name)))
  const written = new Map(rivals.map((pid) => [pid, bytesWritten(pid)]))
  const drafts = readdirSync(dirname(file)).filter((each) => each.startsWith(name) && each !== name)
  return { isOpen, written, drafts }
}

/** Whether no rival has written anything between the two moments. */
export function wereSilent(before: Traces, after: Traces): boolean {
  const haveWritten = [...after.written].some(([pid, bytes]) => before.written.get(pid) !== bytes)
  const isSame = before.written.size === after.written.size && before.drafts.join('/') === after.drafts.join('/')
  return isSame && !haveWritten && !after.isOpen
}

function rivalsOf(own: KeepalivedProcess): number[] {
  const others = otherKeepalived(own)
  if (others.length === 0) return []
  const directory = identityOf(own.pid)
  return others.filter((pid) => ofLiving(pid, () => identityOf(pid)) === directory)
}

/** Identifies the process's directory for temporary files, whatever its path there. */
function identityOf(pid: number): string {
  const { dev, ino } = statSync(temporaryDirectory({ pid }), { bigint: true })
  return `${dev}:${ino}`
}

/** The names of the process's open files. */
function openNames(pid: number): string[] {
  return (ofLiving(pid, () => openFilesOf(pid)) ?? []).map((path) => basename(path))
}

/** Bytes written (proc(5), wchar); -1 for a process that has ended. */
function bytesWritten(pid: number): number {
  const text = ofLiving(pid, () => readFileSync(`/proc/${pid}/io`, 'utf8')) ?? ''
  return Number(/^wchar: (\d+)$/m.exec(text)?.[1] ?? -1)
}

/** Returns `look()`, or undefined if the process has ended. @throws Failure if it may not be inspected */
function ofLiving<Value>(pid: number, look: () => Value): Value | undefined {
  try {
    return look()
  } catch (error) {
    if (statSync(`/proc/${pid}`, { throwIfNoEntry: false }) === undefined) return undefined
    throw new Failure('failed', `cannot inspect process ${pid}, which is keepalived, too: ${messageOf(error)}`, {
      hint: 'run the daemon as root',
      cause: error,
    })
  }
}

/**
 * Other keepalived on this host whose dumps go to the same files. A dump names neither its process nor its host, and whoever
 * writes last is read: so it counts as ours only where none of them has written anything meanwhile.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure, messageOf } from '../../platform/errors.ts'
import { type KeepalivedProcess, otherKeepalived, temporaryDirectory } from './process.ts'

/** What they leave behind, at one moment. */
export type Traces = {
  /** Of each, how many bytes it has written so far, by its process id. What goes out by a socket, as adverts do, is none. */
  readonly written: ReadonlyMap<number, number>
  /** Files that become the dump when they are renamed, as it is made by keepalived from 2.3 on. */
  readonly drafts: readonly string[]
  /** Whether one has the dump open: what it writes may be seen before it is counted. */
  readonly isOpen: boolean
}

export const NO_TRACES: Traces = { written: new Map(), drafts: [], isOpen: false }

/** @throws Failure where they may not be known */
export function tracesOf(own: KeepalivedProcess, file: string): Traces {
  const rivals = rivalsOf(own)
  if (rivals.length === 0) return NO_TRACES
  const name = basename(file)
  // In this order: each is looked at before what would give it away next.
  const isOpen = rivals.some((pid) => openFiles(pid).some((each) => each.startsWith(name)))
  const written = new Map(rivals.map((pid) => [pid, bytesWritten(pid)]))
  const drafts = readdirSync(dirname(file)).filter((each) => each.startsWith(name) && each !== name)
  return { isOpen, written, drafts }
}

/** Whether nobody has written anything from one moment to the other. */
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

/** Of the directory for its temporary files, whatever path it knows that by. */
function identityOf(pid: number): string {
  const { dev, ino } = statSync(temporaryDirectory({ pid }), { bigint: true })
  return `${dev}:${ino}`
}

/** Their names. */
function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  const descriptors = ofLiving(pid, () => readdirSync(folder)) ?? []
  return descriptors.flatMap((each) => {
    try {
      return [basename(readlinkSync(`${folder}/${each}`))]
    } catch {
      return [] // It was closed meanwhile.
    }
  })
}

/** proc(5), wchar; of a process that has ended, as many as none has written. */
function bytesWritten(pid: number): number {
  const text = ofLiving(pid, () => readFileSync(`/proc/${pid}/io`, 'utf8')) ?? ''
  return Number(/^wchar: (\d+)$/m.exec(text)?.[1] ?? -1)
}

/** Undefined where the process has ended. @throws Failure where it may not be looked at */
function ofLiving<Value>(pid: number, look: () => Value): Value | undefined {
  try {
    return look()
  } catch (error) {
    if (statSync(`/proc/${pid}`, { throwIfNoEntry: false }) === undefined) return undefined
    throw new Failure('failed', `process ${pid} is a keepalived, too, and may not be looked at: ${messageOf(error)}`, {
      hint: 'run the daemon as root',
      cause: error,
    })
  }
}

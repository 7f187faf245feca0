/**
 * The events of a VRRP instance on this node, newest last, shared by the hooks that keepalived forks.
 *
 * keepalived forks hooks and forgets them: they run at once, in any order, seconds late under load (core/notify.c).
 * Only the moment of the fork tells which event is newer, whichever process gets to run first; the kernel keeps it, and
 * exec does not change it. Each event is a file of its own, named by that moment, so that nothing is compared and
 * then written, and no lock is needed.
 */
import { existsSync, type FSWatcher, readdirSync, readFileSync, renameSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { eventText, type VrrpEvent } from '../../adapters/keepalived/event.ts'
import { stateFile, writeAtomically } from '../../config/state-directory.ts'

/** When a process was forked, comparable within one boot. */
export type Moment = {
  readonly boot: string
  /** Clock ticks since boot, 100 a second on Linux (proc(5), starttime). */
  readonly ticks: number
  /** Breaks the tie within one tick: pids are given out in ascending order. */
  readonly pid: number
}

export type JournalEntry = Moment & {
  readonly state: string
  /** What the event asked for is done; its process may go on, for the user's hooks. */
  readonly isDone: boolean
}

const TICKS_PER_SECOND = 100

/** The moment at which a process was forked: by default this hook, by keepalived. @throws ENOENT where there is none */
export function momentOf(pid = process.pid): Moment {
  return { boot: bootId(), ticks: ticksOf(readFileSync(`/proc/${pid}/stat`, 'utf8')), pid }
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** The present, as a moment's ticks. */
export function ticksNow(): number {
  return Math.floor(Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * TICKS_PER_SECOND)
}

/** proc(5): the 22nd field, the 20th behind the command in brackets, which may itself hold spaces and brackets. */
function ticksOf(stat: string): number {
  return Number(stat.replace(/^.*\) /s, '').split(' ')[19])
}

/** MASTER events of the last minute are remembered beside the newest event, as many as make the next edge a held one. */
const REMEMBERED_MASTERS = 2
const REMEMBERED_SECONDS = 60

/** Records an event and forgets older ones. Returns the newest, which may be a later one than this. */
export function recordEvent(stateDirectory: string, event: VrrpEvent, moment: Moment): JournalEntry {
  const directory = stateFile(stateDirectory, 'events', event.name)
  const own = { ...moment, state: event.state, isDone: false }
  writeAtomically(join(directory, fileNameOf(own)), `${eventText(event)}\n`)
  const entries = entriesOf(directory)
  const newest = newestOf(entries, moment.boot) ?? own
  const recent = mastersOf(entries, newest.boot).filter((entry) => secondsBetween(entry, newest) < REMEMBERED_SECONDS)
  // The newest event may be one of them.
  const kept = new Set([newest, ...recent.slice(0, REMEMBERED_MASTERS + 1)])
  for (const entry of entries) {
    const isNew = entry.boot === newest.boot && !isNewer(newest, entry)
    if (!isNew && !kept.has(entry)) rmSync(join(directory, fileNameOf(entry)), { force: true })
  }
  return newest
}

/** The MASTER events before this moment that are still on record, the newest first. */
export function earlierMasters(stateDirectory: string, instance: string, moment: Moment): JournalEntry[] {
  const entries = entriesOf(stateFile(stateDirectory, 'events', instance))
  return mastersOf(entries, moment.boot).filter((entry) => isNewer(moment, entry))
}

function mastersOf(entries: readonly JournalEntry[], boot: string): JournalEntry[] {
  return entries
    .filter((entry) => entry.boot === boot && entry.state === 'MASTER')
    .sort((a, b) => (isNewer(a, b) ? -1 : 1))
}

/** Notes that what an event asked for is done. Nothing, once a newer one is recorded. */
export function closeEvent(stateDirectory: string, event: VrrpEvent, moment: Moment): void {
  const directory = stateFile(stateDirectory, 'events', event.name)
  const own = { ...moment, state: event.state }
  try {
    renameSync(
      join(directory, fileNameOf({ ...own, isDone: false })),
      join(directory, fileNameOf({ ...own, isDone: true })),
    )
  } catch {
    // It is forgotten already, or was never recorded.
  }
}

/** The newest event of the instance that was recorded since this boot. */
export function newestEvent(stateDirectory: string, instance: string, boot: string): JournalEntry | undefined {
  return newestOf(entriesOf(stateFile(stateDirectory, 'events', instance)), boot)
}

/** Calls back whenever something is recorded for the instance; the directory must be there. */
export function watchEvents(stateDirectory: string, instance: string, onChange: () => void): FSWatcher {
  return watch(stateFile(stateDirectory, 'events', instance), { persistent: false }, onChange)
}

/** Whether the process that recorded the event still runs: a pid alone may be another's by now. */
export function isAtWork({ pid, ticks }: Moment): boolean {
  try {
    return ticksOf(readFileSync(`/proc/${pid}/stat`, 'utf8')) === ticks
  } catch {
    return false // There is no such process.
  }
}

/** Whether `a` was forked after `b`, both since the same boot. */
export function isNewer(a: Moment, b: Moment): boolean {
  return a.ticks === b.ticks ? a.pid > b.pid : a.ticks > b.ticks
}

/** Seconds from `earlier` to `later`. */
export function secondsBetween(earlier: Moment, later: Moment): number {
  return (later.ticks - earlier.ticks) / TICKS_PER_SECOND
}

function newestOf(entries: readonly JournalEntry[], boot: string): JournalEntry | undefined {
  return entries
    .filter((entry) => entry.boot === boot)
    .reduce<JournalEntry | undefined>((newest, entry) => (newest && isNewer(newest, entry) ? newest : entry), undefined)
}

function fileNameOf({ boot, ticks, pid, state, isDone }: JournalEntry): string {
  return [boot, ticks, pid, state, ...(isDone ? ['done'] : [])].join('_')
}

function entriesOf(directory: string): JournalEntry[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory).flatMap((file) => {
    const [, boot, ticks, pid, state, done] = /^([0-9a-f-]+)_(\d+)_(\d+)_([A-Z_]+?)(_done)?$/.exec(file) ?? []
    return boot && state ? [{ boot, ticks: Number(ticks), pid: Number(pid), state, isDone: done !== undefined }] : []
  })
}

/**
 * The journal of a VRRP instance's events on this node, shared by the hooks that keepalived forks.
 *
 * keepalived forks hooks and does not wait for them: they run concurrently, in any order, seconds late under load
 * (core/notify.c). Only the moment of the fork tells which event is newer, whichever process runs first; the kernel keeps
 * it, and exec does not change it. Each event is a file of its own, named by that moment, so nothing is compared and then
 * written, and no lock is needed.
 */
import { closeSync, type FSWatcher, opendirSync, readdirSync, readFileSync, renameSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import { STATES, type VrrpEvent } from '../../adapters/keepalived/event.ts'
import { type OpenDirectory, openNew } from '../../state/directory.ts'
import { inEachStateOf, inOwnStateOf, inStateOf, isOwn, stateName } from '../../state/state-directory.ts'
import { type JournalEntry, type Moment, outdated, TICKS_PER_SECOND } from './event-order.ts'

/** The moment at which a process was forked; by default, this one. @throws ENOENT if there is no such process */
export function momentOf(pid = process.pid): Moment {
  return { boot: bootId(), ticks: ticksOf(readFileSync(`/proc/${pid}/stat`, 'utf8')), pid }
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** The current time in a moment's ticks. */
export function ticksNow(): number {
  return Math.floor(Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * TICKS_PER_SECOND)
}

/** proc(5): field 22, the 20th after the command in brackets, which may itself contain spaces and brackets. */
function ticksOf(stat: string): number {
  return Number(stat.replace(/^.*\) /s, '').split(' ')[19])
}

/** Far more than the hooks at work for one VRRP instance. */
const MOST_FILES = 1000

/**
 * Records an event and removes those no longer needed, along with files that are not events or lie in the future.
 * @param tell called with what was removed
 * @returns the events now on record, including this one
 */
export function recordEvent(
  stateDirectory: string,
  event: VrrpEvent,
  moment: Moment,
  tell: (text: string) => void = () => {},
): JournalEntry[] {
  const own = { ...moment, state: event.state, isDone: false }
  const name = stateName(event.name, 'events')
  return inOwnStateOf(stateDirectory, name, (directory, place) => {
    // The name holds everything: a full disk may still have room for an empty file.
    closeSync(openNew(join(directory.path, fileNameOf(own)), 0o644))
    const { events, oddities } = listingOf(directory, moment)
    removeOddities(directory, oddities, tell)
    for (const entry of outdated(events, moment.boot)) rmSync(join(directory.path, fileNameOf(entry)), { force: true })
    const others = inStateOf(place, name, (each) => listingOf(each, moment))
    return [...events, ...(others ? believed(others, tell) : [])]
  })
}

function removeOddities({ path }: OpenDirectory, oddities: readonly Oddity[], tell: (text: string) => void): void {
  const removed: Oddity[] = []
  const ignored: Oddity[] = []
  for (const oddity of oddities) {
    try {
      rmSync(join(path, oddity.name))
      removed.push(oddity)
    } catch {
      ignored.push(oddity) // Such as a directory.
    }
  }
  tellOf(removed, 'removed', tell)
  tellOf(ignored, 'ignored', tell)
}

function tellOf([first, ...others]: readonly Oddity[], what: string, tell: (text: string) => void): void {
  if (!first) return
  const more = others.length > 0 ? `, and ${others.length} more files` : ''
  tell(`among the recorded events is ${JSON.stringify(first.name)}, which ${first.why}: ${what}${more}`)
}

/** Marks an event's work as done. Does nothing once the event has been removed. */
export function closeEvent(stateDirectory: string, event: VrrpEvent, moment: Moment): void {
  const own = { ...moment, state: event.state }
  try {
    inOwnStateOf(stateDirectory, stateName(event.name, 'events'), ({ path }) =>
      renameSync(join(path, fileNameOf({ ...own, isDone: false })), join(path, fileNameOf({ ...own, isDone: true }))),
    )
  } catch {
    // It has been removed already, or was never recorded.
  }
}

/**
 * The instance's events recorded by root and by the hooks, in no order.
 * @param known the moment of an event that has happened; the kernel's clock is consulted only if another seems newer
 * @param tell called with what is ignored
 */
export function recordedEvents(
  stateDirectory: string,
  instance: string,
  known: Moment,
  tell: (text: string) => void = () => {},
): JournalEntry[] {
  const name = stateName(instance, 'events')
  const listings = inEachStateOf(stateDirectory, name, (directory) => listingOf(directory, known))
  return listings.flatMap((listing) => believed(listing, tell))
}

/** Calls back whenever something is recorded for the instance. Returns no watchers if nothing has been recorded yet. */
export function watchEvents(stateDirectory: string, instance: string, onChange: () => void): FSWatcher[] {
  return inEachStateOf(stateDirectory, stateName(instance, 'events'), ({ path }) =>
    watch(path, { persistent: false }, onChange),
  )
}

/** Whether the process that recorded the event is still running; the pid alone may have been reused. */
export function isAtWork({ pid, ticks }: Moment): boolean {
  try {
    return ticksOf(readFileSync(`/proc/${pid}/stat`, 'utf8')) === ticks
  } catch {
    return false // There is no such process.
  }
}

const FILE_NAME = new RegExp(`^([0-9a-f-]{1,36})_(\\d{1,15})_(\\d{1,15})_(${STATES.join('|')})(_done)?$`)

function fileNameOf({ boot, ticks, pid, state, isDone }: JournalEntry): string {
  return [boot, ticks, pid, state, ...(isDone ? ['done'] : [])].join('_')
}

function believed({ events, oddities }: Listing, tell: (text: string) => void): JournalEntry[] {
  tellOf(oddities, 'ignored', tell)
  return events
}

/** A file that is ignored, and why. */
type Oddity = { readonly name: string; readonly why: string }
type Listing = { readonly events: JournalEntry[]; readonly oddities: Oddity[] }

/** Other users may write there: neither what nor how much they write may keep an event from being handled. */
function listingOf(directory: OpenDirectory, known: Moment): Listing {
  const listing: Listing = { events: [], oddities: [] }
  const names = namesIn(directory)
  const isAhead = aheadOf(known)
  for (const name of names) {
    const entry = entryOf(name)
    if (!entry) listing.oddities.push({ name, why: 'is not an event' })
    else if (isAhead(entry)) listing.oddities.push({ name, why: 'lies ahead of the kernel’s clock' })
    else listing.events.push(entry)
  }
  return listing
}

function namesIn({ path, stat }: OpenDirectory): string[] {
  // Faster, and safe: nobody else can have filled our own directory.
  if (isOwn(stat)) return readdirSync(path)
  const directory = opendirSync(path)
  try {
    const names: string[] = []
    for (let entry = directory.readSync(); entry && names.length < MOST_FILES; entry = directory.readSync()) {
      names.push(entry.name)
    }
    return names
  } finally {
    directory.closeSync()
  }
}

function entryOf(name: string): JournalEntry | undefined {
  const [, boot, ticks, pid, state, done] = FILE_NAME.exec(name) ?? []
  if (!boot || !state) return undefined
  return { boot, ticks: Number(ticks), pid: Number(pid), state, isDone: done !== undefined }
}

/** Returns a test for whether a recorded event lies in the future. */
function aheadOf(known: Moment): (entry: Moment) => boolean {
  let now: number | undefined
  return ({ boot, ticks }) => {
    if (boot !== known.boot || ticks <= known.ticks) return false
    now ??= ticksNow()
    // lxcfs shows a container its own uptime, which cannot be compared with the kernel's moments.
    return known.ticks <= now && now < ticks
  }
}

/**
 * State that outlasts a process. Root keeps its state in the state directory itself, which only root may write to; hooks
 * that run as another user keep theirs in `hooks` in it. Everyone reads both, and trusts files of root and their own.
 */
import { readdirSync, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf, Failure, messageOf } from '../platform/errors.ts'
import {
  type FoundFile,
  inDirectory,
  inMadeDirectory,
  type OpenDirectory,
  readFound,
  writeAtomically,
} from './directory.ts'
import { assertRootsAlone, HOOKS, isRootsAlone, makeHooksDirectory, makeRootsAlone, takeOver } from './take-over.ts'

/** Far more than the view of hundreds of VIPs in hundreds of tables. */
const LONGEST_FILE_BYTES = 16 * 1024 * 1024

/** The file name for one VRRP instance, whose own name may hold any character. */
export function stateName(instance: string, kind: 'events' | 'view' | 'hook'): string {
  return `${encodeURIComponent(instance).replaceAll('.', '%2E')}.${kind}`
}

/** The path of root's state or of the hooks'. */
type Place = string

/**
 * Runs `act` with the directory where this process keeps its state, which is made if it is missing, and with the place of
 * the other one.
 * @throws Failure if another user may change it
 */
export function inOwnState<Value>(
  stateDirectory: string,
  act: (directory: OpenDirectory, others: Place) => Value,
): Value {
  const hooksPlace = join(stateDirectory, HOOKS)
  if (isRoot()) assertRootsAlone(dirname(stateDirectory))
  return inMadeDirectory(stateDirectory, (directory) => {
    if (isRoot() && !isRootsAlone(directory.stat)) takeOver(stateDirectory, directory)
    if (isRoot() || isOwn(directory.stat)) return act(directory, hooksPlace)
    return inMadeDirectory(join(directory.path, HOOKS), (hooks) => {
      assertTrusted(hooksPlace, hooks.stat)
      return act(hooks, stateDirectory)
    })
  })
}

/** The same, with a subdirectory. */
export function inOwnStateOf<Value>(
  stateDirectory: string,
  name: string,
  act: (directory: OpenDirectory, others: Place) => Value,
): Value {
  return inOwnState(stateDirectory, ({ path }, others) =>
    inMadeDirectory(join(path, name), (directory) => {
      if (isRoot() && !isRootsAlone(directory.stat)) makeRootsAlone(directory)
      else assertTrusted(join(stateDirectory, name), directory.stat)
      return act(directory, others)
    }),
  )
}

/**
 * Prepares the state directory for a daemon. Root also makes a directory for the hooks of its group.
 * @returns whether users other than root could write to the state directory until now
 * @throws as inOwnState
 */
export function prepareState(stateDirectory: string): boolean {
  return inOwnState(stateDirectory, (directory) => {
    if (!isRoot()) return false
    makeHooksDirectory(directory, { uid: 0, gid: process.getegid?.() ?? 0 })
    return !isRootsAlone(directory.stat)
  })
}

/** Writes a file for later processes to read. @throws if it cannot be written */
export function keepState(stateDirectory: string, name: string, text: string, mode?: number): void {
  inOwnState(stateDirectory, (directory) => writeAtomically(directory, name, text, mode))
}

/** The files of this name in both directories, as far as this user may read them. */
export function keptState(stateDirectory: string, name: string): FoundFile[] {
  return inEachState(stateDirectory, ({ path }) => {
    try {
      return readFound(join(path, name), LONGEST_FILE_BYTES)
    } catch {
      return undefined // There is none, or we may not read it.
    }
  })
}

/** A file as found, or why it cannot be read. */
export type KeptFile = Pick<FoundFile, 'text'> | { readonly unread: string }

/** Some of the files in both directories. @param choose from the names in one directory */
export function keptFiles(stateDirectory: string, choose: (names: readonly string[]) => readonly string[]): KeptFile[] {
  return inEachState(stateDirectory, (directory) =>
    choose(readdirSync(directory.path)).map((name) => keptFile(stateDirectory, directory, name)),
  ).flat()
}

function keptFile(stateDirectory: string, { path }: OpenDirectory, name: string): KeptFile {
  try {
    return readFound(join(path, name), LONGEST_FILE_BYTES) ?? { unread: `${name} is too long, or not a file` }
  } catch (error) {
    return { unread: `${name} in ${stateDirectory}: ${codeOf(error) ?? messageOf(error)}` }
  }
}

/** Runs `act` with the subdirectory of this name in each of both directories where there is one. */
export function inEachStateOf<Value>(
  stateDirectory: string,
  name: string,
  act: (directory: OpenDirectory) => Value,
): Value[] {
  return inEachState(stateDirectory, ({ path }) => inDirectory(join(path, name), act))
}

/** The same in one of them. Undefined if it is not there. */
export function inStateOf<Value>(
  place: Place,
  name: string,
  act: (directory: OpenDirectory) => Value,
): Value | undefined {
  return inState(place, ({ path }) => inDirectory(join(path, name), act))
}

function inEachState<Value>(stateDirectory: string, act: (directory: OpenDirectory) => Value | undefined): Value[] {
  return [stateDirectory, join(stateDirectory, HOOKS)].flatMap((place) => inState(place, act) ?? [])
}

/** Root goes on whatever the hooks' user has done to the hooks' directory. */
function inState<Value>(place: Place, act: (directory: OpenDirectory) => Value): Value | undefined {
  try {
    return inDirectory(place, act)
  } catch (error) {
    const isHooks = basename(place) === HOOKS
    if (codeOf(error) === 'ENOENT' || isNoDirectory(error, place) || (isRoot() && isHooks)) return undefined
    throw error
  }
}

/** Not an error for a reader: whoever writes there is told. */
function isNoDirectory(error: unknown, name: string): boolean {
  return codeOf(error) === 'ENOTDIR' && Reflect.get(Object(error), 'path') === name
}

/** Whether it belongs to root or this user; nobody else's files are trusted. */
export function isTrusted({ uid }: Stats): boolean {
  return uid === 0 || uid === process.geteuid?.()
}

function assertTrusted(name: string, stat: Stats): void {
  if (isTrusted(stat)) return
  throw new Failure('failed', `${name} is owned by uid ${stat.uid}`, { hint: 'make the user of the hooks its owner' })
}

/** Whether it belongs to this user. */
export function isOwn({ uid }: Stats): boolean {
  return uid === process.geteuid?.()
}

const isRoot = () => process.geteuid?.() === 0

/** Takes over a state directory that other users could write to, as an earlier version let them. */
import { fchmodSync, fchownSync, lstatSync, mkdirSync, readdirSync, rmSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { both, type CommandLine, commandLine, pathWord } from '../core/command-line.ts'
import { Failure } from '../platform/errors.ts'
import { inDirectory, type OpenDirectory, underUmask } from './directory.ts'
import { isWritableByOthers, weaknessOf } from './trusted-path.ts'

/** The directory for the state of hooks that are not root's, in the state directory. */
export const HOOKS = 'hooks'
/** What this version or an earlier one keeps in a state directory. */
const OUR_NAMES =
  /^(?:control\.sock|notify\.(?:fifo|fifo\.lock|log|log\.old)|config\.json|events|views|hooks|history(?:-\d+-\d+)?\.jsonl|.+\.(?:events|view|hook|unfinished))$/
const OWNERS_MODE = 0o755
/** It is not known which user of the group runs the hooks. Root only reads there. */
const GROUPS_MODE = 0o775
const STICKY = 0o1000

export type Owner = Pick<Stats, 'uid' | 'gid'>

/** @throws Failure if a user other than root may change what the path leads to */
export function assertRootsAlone(path: string): void {
  const weakness = weaknessOf(path)
  if (!weakness) return
  throw new Failure('failed', `root writes nothing in ${path}: ${weakness.path} ${weakness.why}`, {
    hint: weakness.cure,
  })
}

export function isRootsAlone(stat: Pick<Stats, 'uid' | 'mode'>): boolean {
  return stat.uid === 0 && !isWritableByOthers(stat)
}

/**
 * Makes a state directory writable for root only, and removes what other users may have put where root will write. Its
 * former owner or group gets a directory of its own in it.
 * @param name for messages
 * @throws Failure for a directory that holds something that is not ours
 */
export function takeOver(name: string, directory: OpenDirectory): void {
  const { path, stat } = directory
  const stranger = readdirSync(path).find((entry) => !OUR_NAMES.test(entry))
  if (stranger !== undefined || (stat.mode & STICKY) !== 0) {
    const what = stranger === undefined ? '' : `, and holds ${stranger}, which is not vip-switch's`
    throw new Failure('failed', `root keeps no state in ${name}: users other than root may write there${what}`, {
      hint: `${rootsAlone(name)}; or name another directory with --state-dir`,
    })
  }
  makeRootsAlone(directory)
  for (const entry of readdirSync(path)) removePlanted(join(path, entry))
  makeHooksDirectory(directory, stat)
}

/** The command that makes a directory writable for root only. */
export function rootsAlone(path: string): CommandLine {
  const word = pathWord(path)
  return both(commandLine('sudo', 'chown', 'root', word), commandLine('sudo', 'chmod', 'go-w', word))
}

export function makeRootsAlone({ descriptor }: OpenDirectory): void {
  fchownSync(descriptor, 0, process.getegid?.() ?? 0)
  fchmodSync(descriptor, OWNERS_MODE)
}

/** Keeps keepalived's FIFO, which may belong to its user (vrrp_notify_fifo PATH USER), and directories, which are checked when used. */
function removePlanted(path: string): void {
  const stat = lstatSync(path)
  const isFifo = stat.isFIFO() && path.endsWith('.fifo')
  const isKept = stat.isDirectory() || isFifo || (stat.uid === 0 && stat.nlink === 1)
  if (!isKept) rmSync(path)
}

/** Makes the hooks' directory if it is missing and would not be root's. The state directory must be root's alone. */
export function makeHooksDirectory({ path }: OpenDirectory, { uid, gid }: Owner): void {
  if (uid === 0 && gid === 0) return
  const hooks = join(path, HOOKS)
  if (lstatSync(hooks, { throwIfNoEntry: false })) return
  const mode = uid === 0 ? GROUPS_MODE : OWNERS_MODE
  underUmask(0o002, () => mkdirSync(hooks, mode))
  inDirectory(hooks, ({ descriptor }) => fchownSync(descriptor, uid, gid))
}

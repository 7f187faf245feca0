/** Whether somebody else could change what a path leads to. */
import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type CommandLine, commandLine, pathWord } from '../core/command-line.ts'

/** Something on a path that a user other than root and this one may change. */
export type Weakness = {
  readonly path: string
  /** Such as `is owned by uid 1000`. */
  readonly why: string
  /** The command that fixes it. */
  readonly cure: CommandLine
}

const WRITABLE_BY_OTHERS = 0o022
/** In such a directory, nobody can replace another user's files (unlink(2), S_ISVTX). */
const STICKY = 0o1000
/** As many as the kernel follows (path_resolution(7)). */
const MOST_LINKS = 40

/**
 * The first part of a path that others may change: a directory above the file, a link on the way, or the file itself.
 * Undefined if there is none. Parts that do not exist are not checked.
 */
export function weaknessOf(path: string, mostLinks = MOST_LINKS): Weakness | undefined {
  const whole = resolve(path)
  for (const part of partsOf(whole)) {
    const stat = lstatSync(part, { throwIfNoEntry: false })
    if (!stat) return undefined
    const weakness = weaknessIn(part, stat)
    if (weakness) return weakness
    if (stat.isSymbolicLink()) {
      const target = resolve(dirname(part), readlinkSync(part), `.${whole.slice(part.length)}`)
      return mostLinks > 0 ? weaknessOf(target, mostLinks - 1) : undefined
    }
  }
  return undefined
}

/** `/`, `/run`, `/run/vip-switch`. */
function partsOf(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [path] : [...partsOf(parent), path]
}

function weaknessIn(path: string, stat: Stats): Weakness | undefined {
  if (stat.uid !== 0 && stat.uid !== process.geteuid?.()) {
    return { path, why: `is owned by uid ${stat.uid}`, cure: commandLine('sudo', 'chown', 'root', pathWord(path)) }
  }
  if (stat.isSymbolicLink() || !isWritableByOthers(stat)) return undefined
  if (stat.isDirectory() && (stat.mode & STICKY) !== 0) return undefined
  return { path, why: `has mode ${modeText(stat)}`, cure: commandLine('sudo', 'chmod', 'go-w', pathWord(path)) }
}

/** Whether the mode lets others than the owner write. An access control list shows in the group's bits (acl(5)). */
export function isWritableByOthers({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & WRITABLE_BY_OTHERS) !== 0
}

function modeText({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}

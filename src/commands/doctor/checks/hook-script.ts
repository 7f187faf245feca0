/** Determines whether a script in keepalived.conf calls this program. */
import { closeSync, openSync, readSync } from 'node:fs'
import { basename, isAbsolute } from 'node:path'

const PROGRAM = 'vip-switch'
/** How much of a wrapper script is searched: more than anyone writes before the call. */
const LONGEST_BYTES = 65_536

/**
 * Whether the command names us, or a script that does; false if unclear, since a script may also call another script.
 */
export function leadsToUs(command: readonly string[]): boolean {
  return command.some((word) => basename(word) === PROGRAM || (isAbsolute(word) && namesUs(word)))
}

/** The program and the words before it, without its arguments; undefined if a wrapper script calls it. */
export function programIn(command: readonly string[]): readonly string[] | undefined {
  const index = command.findIndex((word) => basename(word) === PROGRAM)
  return index < 0 ? undefined : command.slice(0, index + 1)
}

function namesUs(path: string): boolean {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    const buffer = Buffer.alloc(LONGEST_BYTES)
    return buffer.subarray(0, readSync(descriptor, buffer)).includes(PROGRAM)
  } catch {
    return false // Missing or unreadable: unknown.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

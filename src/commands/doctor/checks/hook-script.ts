/** Whether a script of keepalived.conf leads to this program. */
import { closeSync, openSync, readSync } from 'node:fs'
import { basename, isAbsolute } from 'node:path'

const PROGRAM = 'vip-switch'
/** Of a wrapper: more than anybody writes before what it calls. */
const LONGEST_BYTES = 65_536

/** Whether it is called by its name, or by a script that names it; a script may also call another: then it is not known. */
export function leadsToUs(command: readonly string[]): boolean {
  return command.some((word) => basename(word) === PROGRAM || (isAbsolute(word) && namesUs(word)))
}

/** The program and what comes before it, without the arguments that are for it; undefined where a script calls it. */
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
    return false // Not there, or not for us: nothing is known of it.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** The processes that a user's hook has started, its children's children included: its process group. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Clock } from '../../platform/clock.ts'

/** From SIGTERM to SIGKILL. Milliseconds, as below. */
const GRACE = 1000
const LOOK_PAUSE = 20

const NEVER = new AbortController().signal

/** Has what is left of a process group end by SIGTERM, and ends it by SIGKILL where it does not within a second. */
export async function endGroup(id: number, clock: Clock): Promise<void> {
  const end = clock.now() + GRACE
  signalGroup(id, 'SIGTERM')
  while (isAlive(id)) {
    if (clock.now() >= end) {
      signalGroup(id, 'SIGKILL')
      return
    }
    await clock.sleep(LOOK_PAUSE, NEVER)
  }
}

/** In a container nobody may reap orphans: one that has ended, and is in the table of processes still, is no more alive. */
function isAlive(id: number): boolean {
  return signalGroup(id, 0) && readdirSync('/proc').some((name) => /^\d+$/.test(name) && isMember(name, id))
}

/** proc(5), stat: the command in brackets, which may itself hold brackets, the state, the parent, the process group. */
function isMember(process: string, group: number): boolean {
  try {
    const [, state, ofGroup] = /^.*\) (\S) \d+ (\d+) /s.exec(readFileSync(`/proc/${process}/stat`, 'utf8')) ?? []
    return Number(ofGroup) === group && state !== 'Z' && state !== 'X'
  } catch {
    return false // It has ended meanwhile.
  }
}

/** Returns whether there is a process of the group that we may signal. */
function signalGroup(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-id, signal)
  } catch {
    return false // There is none; or it is another user's, as after sudo.
  }
}

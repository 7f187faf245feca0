/** The processes that a user's hook has started, its children's children included: its process group. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Clock } from '../../platform/clock.ts'

/** From SIGTERM to SIGKILL. Milliseconds, as below. */
const GRACE = 1000
const LOOK_PAUSE = 20

const NEVER = new AbortController().signal

/** Signals a process group. Resolves to whether there is a process of it that may be signalled. */
type Sender = (id: number, signal: 'SIGTERM' | 'SIGKILL') => Promise<boolean>
type User = { readonly uid: number; readonly gid: number }

/**
 * Ends what is left of a process group: by SIGTERM, and after a second by SIGKILL.
 * @param user whose rights to use; undefined: those of this process
 */
export async function endGroup(id: number, clock: Clock, user?: User): Promise<void> {
  const send = user ? sendAs(user) : sendSignal
  const end = clock.now() + GRACE
  if (!(await send(id, 'SIGTERM'))) return
  while (isAlive(id)) {
    if (clock.now() >= end) {
      await send(id, 'SIGKILL')
      return
    }
    await clock.sleep(LOOK_PAUSE, NEVER)
  }
}

/** In a container nobody may reap orphans: one that has ended, and is in the table of processes still, is no more alive. */
function isAlive(id: number): boolean {
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isMember(name, id))
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

const sendSignal: Sender = async (id, signal) => {
  try {
    return process.kill(-id, signal)
  } catch {
    return false // There is none; or it is another user's, as after sudo.
  }
}

/** Signals from a child that runs as that user, since root could signal any process (kill(2)). */
function sendAs({ uid, gid }: User): Sender {
  return async (id, signal) => {
    try {
      await promisify(execFile)('/bin/sh', ['-c', `kill -s ${signal.slice('SIG'.length)} -- -${id}`], { uid, gid })
      return true
    } catch {
      return false // There is none; or it is another user's.
    }
  }
}

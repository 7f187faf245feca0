/** A transition hook's process group: all that it has started, directly or indirectly. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Clock } from '../../platform/clock.ts'
import { processIds } from '../../platform/processes.ts'

/** Time between SIGTERM and SIGKILL, in milliseconds, like the next. */
const GRACE = 1000
const LOOK_PAUSE = 20

const NEVER = new AbortController().signal

/** Signals a process group. Resolves to whether it has a process that we may signal. */
type Sender = (id: number, signal: 'SIGTERM' | 'SIGKILL') => Promise<boolean>
type User = { readonly uid: number; readonly gid: number }

/**
 * Ends what is left of a process group: with SIGTERM, and after a second with SIGKILL.
 * @param user whose privileges to use; by default, this process's own
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

/** Ignores zombies: in a container, nobody may reap orphans. */
function isAlive(id: number): boolean {
  return processIds().some((pid) => isMember(pid, id))
}

/** proc(5), stat: the command in brackets, which may itself contain brackets; state; parent; process group. */
function isMember(pid: number, group: number): boolean {
  try {
    const [, state, ofGroup] = /^.*\) (\S) \d+ (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return Number(ofGroup) === group && state !== 'Z' && state !== 'X'
  } catch {
    return false // It has ended meanwhile.
  }
}

const sendSignal: Sender = async (id, signal) => {
  try {
    return process.kill(-id, signal)
  } catch {
    return false // There is no process, or it is another user's, as after sudo.
  }
}

/** Sends signals from a child that runs as that user, since root could signal any process (kill(2)). */
function sendAs({ uid, gid }: User): Sender {
  return async (id, signal) => {
    try {
      await promisify(execFile)('/bin/sh', ['-c', `kill -s ${signal.slice('SIG'.length)} -- -${id}`], { uid, gid })
      return true
    } catch {
      return false // There is no process, or it is another user's.
    }
  }
}

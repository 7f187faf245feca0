/**
 * Which transition hook of a VRRP instance was started last, on disk: the next transition may be another process' (a hook of
 * keepalived's, the daemon), and the one that runs it may have been killed, as keepalived does a second after STOP.
 */
import { existsSync } from 'node:fs'
import * as z from 'zod'
import type { Clock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { isTrusted, keepState, keptState, stateName } from '../../state/state-directory.ts'
import { bootId, isAtWork, momentOf } from '../node/journal.ts'
import { endGroup } from './process-group.ts'

const fileSchema = z.object({ boot: z.string(), ticks: z.number(), pid: z.int().min(2) })

/** To be called while the process that leads the group is there. */
export function recordHook(stateDirectory: string, instance: string, pid: number, log: Log): void {
  try {
    keepState(stateDirectory, stateName(instance, 'hook'), `${JSON.stringify(momentOf(pid))}\n`)
  } catch (error) {
    log.warn({ instance }, `should this hook be left behind, nobody will know of it: ${messageOf(error)}`)
  }
}

/** Ends the last hook that root recorded and the last that the hooks' user recorded, if anything of them still runs. */
export async function endRecordedHook(stateDirectory: string, instance: string, clock: Clock): Promise<void> {
  const boot = bootId()
  for (const { moment, user } of recordedHooks(stateDirectory, instance)) {
    // Its number may be another's by now: only while that one lives, since no process gets the number of a group that is there.
    const isIts = moment.boot === boot && (isAtWork(moment) || !existsSync(`/proc/${moment.pid}`))
    if (isIts) await endGroup(moment.pid, clock, user)
  }
}

/** Leaves out hooks whose record cannot be read: their own process ends them. */
function recordedHooks(stateDirectory: string, instance: string) {
  try {
    return keptState(stateDirectory, stateName(instance, 'hook')).flatMap(({ text, stat }) => {
      const { data: moment } = fileSchema.safeParse(parseJson(text))
      // Another user's file may name any process, so only that user's rights are used to end it.
      return moment ? [{ moment, user: isTrusted(stat) ? undefined : stat }] : []
    })
  } catch {
    return []
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Not ours, then: as good as none.
  }
}

/**
 * Records on disk the transition hook last started for a VRRP instance: another process (keepalived's hook, the daemon) may
 * handle the next transition, and the one running the hook may have been killed, as keepalived does a second after STOP.
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

/** To be called while the process group's leader exists. */
export function recordHook(stateDirectory: string, instance: string, pid: number, log: Log): void {
  try {
    keepState(stateDirectory, stateName(instance, 'hook'), `${JSON.stringify(momentOf(pid))}\n`)
  } catch (error) {
    log.warn({ instance }, `cannot record this hook, so it may be left running: ${messageOf(error)}`)
  }
}

/** Ends what still runs of the last hook recorded by root and the last recorded by the hooks' user. */
export async function endRecordedHook(stateDirectory: string, instance: string, clock: Clock): Promise<void> {
  const boot = bootId()
  for (const { moment, user } of recordedHooks(stateDirectory, instance)) {
    // A pid is not reused while its group exists: the group is ours if its leader still runs, or if no process has the pid.
    const isIts = moment.boot === boot && (isAtWork(moment) || !existsSync(`/proc/${moment.pid}`))
    if (isIts) await endGroup(moment.pid, clock, user)
  }
}

/** The recorded hooks, except those that cannot be read: their own process ends them. */
function recordedHooks(stateDirectory: string, instance: string) {
  try {
    return keptState(stateDirectory, stateName(instance, 'hook')).flatMap(({ text, stat }) => {
      const { data: moment } = fileSchema.safeParse(parseJson(text))
      // Another user's file may name any process, so it is ended with only that user's privileges.
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
    return undefined // Not ours, so ignored.
  }
}

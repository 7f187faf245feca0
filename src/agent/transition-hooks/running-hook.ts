/**
 * Which transition hook of a VRRP instance was started last, on disk: the next transition may be another process' (a hook of
 * keepalived's, the daemon), and the one that runs it may have been killed, as keepalived does a second after STOP.
 */
import { existsSync, readFileSync } from 'node:fs'
import * as z from 'zod'
import { stateFile, writeAtomically } from '../../config/state-directory.ts'
import type { Clock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { bootId, isAtWork, momentOf } from '../node/journal.ts'
import { endGroup } from './process-group.ts'

const fileSchema = z.object({ boot: z.string(), ticks: z.number(), pid: z.int().min(2) })

/** To be called while the process that leads the group is there. */
export function recordHook(stateDirectory: string, instance: string, pid: number, log: Log): void {
  try {
    writeAtomically(stateFile(stateDirectory, 'hooks', instance), `${JSON.stringify(momentOf(pid))}\n`)
  } catch (error) {
    log.warn({ instance }, `should this hook be left behind, nobody will know of it: ${messageOf(error)}`)
  }
}

/** Ends the hook that was recorded last, should something of it run still. */
export async function endRecordedHook(stateDirectory: string, instance: string, clock: Clock): Promise<void> {
  const moment = recordedHook(stateDirectory, instance)
  // Its number may be another's by now: only while that one lives, since no process gets the number of a group that is there.
  const isIts = moment?.boot === bootId() && (isAtWork(moment) || !existsSync(`/proc/${moment.pid}`))
  if (moment && isIts) await endGroup(moment.pid, clock)
}

function recordedHook(stateDirectory: string, instance: string): z.output<typeof fileSchema> | undefined {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(stateFile(stateDirectory, 'hooks', instance), 'utf8')))
  } catch {
    return undefined // None was started yet, or it cannot be known: then its own process ends it.
  }
}

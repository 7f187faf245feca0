/** Keeps what an operator did by hand, with who it was. */
import { existsSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import type { ByHand } from './entry.ts'
import { createRecorder } from './recorder.ts'

export type Keeping = {
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
}

/**
 * Keeps it if this host has a history, as nodes do; warns if it has one that this user may not add to.
 * @param at when it began, in milliseconds since the epoch
 */
export async function keepByHand(
  instance: string | undefined,
  deed: Omit<ByHand, 'kind' | 'who'>,
  at: number,
  { directory, clock, log }: Keeping,
): Promise<void> {
  if (!existsSync(directory)) return
  const recorder = createRecorder({ by: 'operator', directories: [directory], clock, log })
  recorder.tell(instance ?? null, null, { kind: 'by-hand', who: whoRuns(process.env), ...deed }, at)
  await recorder.written()
}

/** Such as `alice@db-1`: the person, also where sudo has made root of them. */
export function whoRuns({ SUDO_USER }: NodeJS.ProcessEnv): string {
  return `${SUDO_USER || userName()}@${hostname()}`
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? '?'}` // It is not in the user database.
  }
}

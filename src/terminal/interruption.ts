/** Commands that a signal ends, but not before they have told what they have done. */
import { Failure, type FailureKind } from '../platform/errors.ts'

const KINDS = { SIGINT: 'interrupted', SIGTERM: 'terminated' } as const satisfies Record<string, FailureKind>
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Aborted, with a Failure that says so, by the first SIGINT or SIGTERM from now on; the next one ends the process. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  const end = (signal: keyof typeof KINDS) => {
    for (const each of SIGNALS) process.off(each, end)
    controller.abort(new Failure(KINDS[signal], `ended by ${signal}`))
  }
  for (const each of SIGNALS) process.on(each, end)
  return controller.signal
}

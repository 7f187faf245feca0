/** Lets commands report what they have done before a signal ends them. */
import { Failure, type FailureKind } from '../platform/errors.ts'

const KINDS = { SIGINT: 'interrupted', SIGTERM: 'terminated' } as const satisfies Record<string, FailureKind>
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Returns a signal that the first SIGINT or SIGTERM aborts with a Failure; the next one kills the process. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  const end = (signal: keyof typeof KINDS) => {
    for (const each of SIGNALS) process.off(each, end)
    controller.abort(new Failure(KINDS[signal], `interrupted by ${signal}`))
  }
  for (const each of SIGNALS) process.on(each, end)
  return controller.signal
}

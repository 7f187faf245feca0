/** Exit codes: the one place. README.md has the same table. */
import { Failure, type FailureKind } from '../errors.ts'

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  refused: 4,
  superseded: 5,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const BY_KIND: Record<FailureKind, ExitCode> = {
  usage: EXIT.usage,
  config: EXIT.usage,
  refused: EXIT.refused,
  superseded: EXIT.superseded,
  failed: EXIT.failed,
}

export function exitCodeOfError(error: unknown): ExitCode {
  return error instanceof Failure ? BY_KIND[error.kind] : EXIT.failed
}

/** How one route of several came out. */
export type RouteVerdict = 'done' | 'refused' | 'failed'

/** The exit code of a command that moved several routes: some done and some not is partial. */
export function exitCodeOfRoutes(verdicts: readonly RouteVerdict[]): ExitCode {
  if (verdicts.every((verdict) => verdict === 'done')) return EXIT.done
  if (verdicts.includes('done')) return EXIT.partial
  return verdicts.every((verdict) => verdict === 'refused') ? EXIT.refused : EXIT.failed
}

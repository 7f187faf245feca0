/** Exit codes. README.md has the same table. */
import type { RouteOutcome } from '../core/route.ts'
import { Failure, type FailureKind } from '../platform/errors.ts'

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  refused: 4,
  superseded: 5,
} as const

/** As a shell reports a program killed by a signal: 128 plus the signal's number. */
export const SIGNAL_EXIT = { interrupted: 130, terminated: 143 } as const

type Outcome = (typeof EXIT)[keyof typeof EXIT]
export type ExitCode = Outcome | (typeof SIGNAL_EXIT)[keyof typeof SIGNAL_EXIT]

/** The meaning of each exit code. */
export const MEANINGS: Readonly<Record<Outcome, string>> = {
  0: 'done',
  1: 'failed',
  2: 'usage or config',
  3: 'partial',
  4: 'refused',
  5: 'superseded by a newer event',
}

/**
 * Exit codes of `vip-switch check`, as for any monitoring plugin
 * (https://www.monitoring-plugins.org/doc/guidelines.html#AEN78).
 */
export const PLUGIN_EXIT = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const

export type PluginState = keyof typeof PLUGIN_EXIT

const BY_KIND: Record<FailureKind, ExitCode> = {
  usage: EXIT.usage,
  config: EXIT.usage,
  refused: EXIT.refused,
  superseded: EXIT.superseded,
  failed: EXIT.failed,
  ...SIGNAL_EXIT,
}

export function exitCodeOfError(error: unknown): ExitCode {
  return error instanceof Failure ? BY_KIND[error.kind] : EXIT.failed
}

/** The exit code of a command that moves, or dry-runs, several routes: partial if some succeeded and some did not. */
export function exitCodeOfRoutes(verdicts: readonly RouteOutcome['verdict'][]): Outcome {
  const isGood = (verdict: RouteOutcome['verdict']) => verdict === 'done' || verdict === 'permitted'
  if (verdicts.every(isGood)) return EXIT.done
  if (verdicts.some(isGood)) return EXIT.partial
  return verdicts.every((verdict) => verdict === 'refused') ? EXIT.refused : EXIT.failed
}

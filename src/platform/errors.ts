/** Errors that a person is meant to read: what happened, and in `hint` what to do about it. */

/**
 * What a failure means to the caller; the exit code follows from it (output/exit.ts).
 * - `interrupted`, `terminated`: a person or a program ended it, by SIGINT or by SIGTERM
 */
export type FailureKind = 'usage' | 'config' | 'refused' | 'superseded' | 'failed' | 'interrupted' | 'terminated'

export class Failure extends Error {
  override name = 'Failure'
  readonly kind: FailureKind
  /** The message as it stands on a terminal; elsewhere it is one line. */
  readonly lines: readonly string[]
  readonly hint: string | undefined

  constructor(
    kind: FailureKind,
    message: string | readonly string[],
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    const lines = typeof message === 'string' ? [message] : message
    super(lines.map((line) => line.trim()).join(' '), { cause: options.cause })
    this.kind = kind
    this.lines = lines
    this.hint = options.hint
  }
}

/** What to do about anything that was thrown, where it says so. */
export function hintOf(error: unknown): string | undefined {
  return error instanceof Failure ? error.hint : undefined
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The same, line by line. */
export function linesOf(error: unknown): readonly string[] {
  return error instanceof Failure ? error.lines : [messageOf(error)]
}

/** The code of an error of the operating system, `ENOENT` say; undefined for any other. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

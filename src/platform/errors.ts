/** Errors for people: what happened, and in `hint` what to do about it. */

/**
 * What a failure means to the caller; determines the exit code (output/exit.ts).
 * - `interrupted`, `terminated`: by SIGINT or SIGTERM
 */
export type FailureKind = 'usage' | 'config' | 'refused' | 'superseded' | 'failed' | 'interrupted' | 'terminated'

/** A line of a file, with the part that an error is about. */
export type Excerpt = {
  readonly line: number
  readonly before: string
  readonly marked: string
  readonly after: string
}

export class Failure extends Error {
  override name = 'Failure'
  readonly kind: FailureKind
  /** The message as shown to whoever ran the command; elsewhere it is one line. */
  readonly lines: readonly (string | Excerpt)[]
  readonly hint: string | undefined

  constructor(
    kind: FailureKind,
    message: string | readonly string[],
    options: { hint?: string | undefined; cause?: unknown; lines?: Failure['lines'] } = {},
  ) {
    const lines = typeof message === 'string' ? [message] : message
    super(lines.map((line) => line.trim()).join(' '), { cause: options.cause })
    this.kind = kind
    this.lines = options.lines ?? lines
    this.hint = options.hint
  }
}

/** The hint of anything thrown, if it has one. */
export function hintOf(error: unknown): string | undefined {
  return error instanceof Failure ? error.hint : undefined
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The message as lines. */
export function linesOf(error: unknown): Failure['lines'] {
  return error instanceof Failure ? error.lines : [messageOf(error)]
}

/** An OS error's code, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Sends again what may succeed later, for as long as it is still wanted. */
import type { Clock } from '../../../platform/clock.ts'
import { Failure } from '../../../platform/errors.ts'
import { Ec2Error, type ErrorClass } from '../errors.ts'

const FIRST_BACKOFF_MS: Partial<Record<ErrorClass, number>> = { retry: 100, throttle: 500 }
const LONGEST_BACKOFF_MS = 5000

export type RetryOptions = {
  /** Runs before every attempt; throws when the operation is no longer wanted. */
  readonly permit: () => void
  /** Ends the attempt in flight and the waiting. */
  readonly signal: AbortSignal
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  readonly onRetry: (error: Ec2Error, waitMs: number) => void
}

/**
 * Runs `attempt` until it succeeds, with exponential backoff and full jitter
 * (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html asks for both).
 * @throws what `permit` throws; an error that no retry can mend; the last error when the signal ends it
 */
export async function retry<Value>(
  attempt: (signal: AbortSignal) => Promise<Value>,
  { permit, signal, clock, random, onRetry }: RetryOptions,
): Promise<Value> {
  let lastError: Ec2Error | undefined
  for (let failures = 0; ; failures++) {
    permit()
    try {
      signal.throwIfAborted()
      return await attempt(signal)
    } catch (error) {
      if (signal.aborted) throw lastError ? endedBy(signal, lastError) : error
      lastError = retryable(error)
    }
    const waitMs = random() * backoffMs(lastError, failures)
    onRetry(lastError, waitMs)
    await clock.sleep(waitMs, signal).catch(() => {
      throw endedBy(signal, lastError)
    })
  }
}

/** @throws the error itself where no retry can mend it */
function retryable(error: unknown): Ec2Error {
  if (error instanceof Ec2Error && FIRST_BACKOFF_MS[error.class] !== undefined) return error
  throw error
}

function backoffMs(error: Ec2Error, failures: number): number {
  return Math.min(LONGEST_BACKOFF_MS, (FIRST_BACKOFF_MS[error.class] ?? 0) * 2 ** failures)
}

/** The reason of the end, with what stood in the way until then. */
function endedBy({ reason }: AbortSignal, lastError: Ec2Error | undefined): unknown {
  if (!lastError || !(reason instanceof Failure)) return reason
  return new Failure(reason.kind, `${reason.message}; ${lastError.message}`, { hint: lastError.hint, cause: lastError })
}

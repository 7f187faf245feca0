/** Retries transient failures for as long as the operation is wanted. */
import type { Clock } from '../../../platform/clock.ts'
import { Failure } from '../../../platform/errors.ts'
import { Ec2Error, type ErrorClass } from '../errors.ts'

const FIRST_BACKOFF_MS: Partial<Record<ErrorClass, number>> = { retry: 100, throttle: 500 }
const LONGEST_BACKOFF_MS = 5000

export type RetryOptions = {
  /** Called before every attempt; throws if the operation is no longer wanted. */
  readonly permit: () => void
  /** Aborts the attempt in flight and the backoff. */
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Whether somebody waits for the result: what lasts until they do something fails at once. */
  readonly attended?: boolean
  /** From 0 to 1. */
  readonly random: () => number
  readonly onRetry: (error: Ec2Error, waitMs: number) => void
}

/**
 * Runs `attempt` until it succeeds, with exponential backoff and full jitter, as EC2 recommends
 * (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html).
 * @throws what `permit` throws; an error that is not retryable; if the signal is aborted, its reason together with the
 * last error
 */
export async function retry<Value>(
  attempt: (signal: AbortSignal) => Promise<Value>,
  { permit, signal, attended = false, clock, random, onRetry }: RetryOptions,
): Promise<Value> {
  let lastError: Ec2Error | undefined
  for (let failures = 0; ; failures++) {
    permit()
    try {
      signal.throwIfAborted()
      return await attempt(signal)
    } catch (error) {
      if (signal.aborted) throw lastError ? endedBy(signal, lastError) : error
      lastError = retryable(error, attended)
    }
    const waitMs = random() * backoffMs(lastError, failures)
    onRetry(lastError, waitMs)
    await clock.sleep(waitMs, signal).catch(() => {
      throw endedBy(signal, lastError)
    })
  }
}

/** @throws the error itself if it is not retryable */
function retryable(error: unknown, attended: boolean): Ec2Error {
  if (!(error instanceof Ec2Error) || FIRST_BACKOFF_MS[error.class] === undefined) throw error
  if (attended && error.lasts) throw error
  return error
}

function backoffMs(error: Ec2Error, failures: number): number {
  return Math.min(LONGEST_BACKOFF_MS, (FIRST_BACKOFF_MS[error.class] ?? 0) * 2 ** failures)
}

/** The abort reason, together with the last error. */
function endedBy({ reason }: AbortSignal, lastError: Ec2Error | undefined): unknown {
  if (!lastError || !(reason instanceof Failure)) return reason
  return new Failure(reason.kind, `${reason.message}; ${lastError.message}`, { hint: lastError.hint, cause: lastError })
}

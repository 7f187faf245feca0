/** Hedging: a second attempt alongside a slow first one; the better result wins. */
import { type Clock, UNWANTED } from '../../../platform/clock.ts'

export type HedgeOptions = {
  /** Milliseconds before the first attempt is hedged. */
  readonly afterMs: number
  readonly clock: Clock
  /** Aborts both attempts and the wait for the second. */
  readonly signal: AbortSignal
  /** Whether an error is final, so that the other attempt need not be awaited. */
  readonly isVerdict: (error: unknown) => boolean
  /** Called before the second attempt; throws if it is no longer wanted. */
  readonly beforeHedge: () => void
}

/**
 * Makes one attempt, and a second one if the first has not settled in time. Each must reject as soon as its signal is
 * aborted. The first success or verdict wins and aborts the other attempt.
 * @throws the verdict; if neither attempt reached one, the second's error, which is the more recent
 */
export async function hedged<Value>(
  attempt: (signal: AbortSignal) => Promise<Value>,
  { afterMs, clock, signal, isVerdict, beforeHedge }: HedgeOptions,
): Promise<Value> {
  signal.throwIfAborted()
  const attempts = new AbortController()
  const waiting = new AbortController()
  const end = () => {
    attempts.abort(signal.reason)
    waiting.abort(signal.reason)
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    const first = attempt(attempts.signal)
    const isAnswered = first.then(
      () => true,
      () => true,
    )
    const isEarly = clock.sleep(afterMs, waiting.signal).then(
      () => false,
      () => true, // Aborted, as is the attempt.
    )
    if (await Promise.race([isAnswered, isEarly])) return await first
    try {
      beforeHedge()
      return await firstSettled([first, attempt(attempts.signal)], isVerdict)
    } finally {
      attempts.abort(UNWANTED)
    }
  } finally {
    waiting.abort(UNWANTED)
    signal.removeEventListener('abort', end)
  }
}

async function firstSettled<Value>(
  attempts: readonly Promise<Value>[],
  isVerdict: (error: unknown) => boolean,
): Promise<Value> {
  const held = attempts.map((each) =>
    each.then(
      (value) => () => value,
      (error: unknown) => {
        if (!isVerdict(error)) throw error
        return (): Value => {
          throw error
        }
      },
    ),
  )
  const result = await Promise.any(held).catch(({ errors }: AggregateError) => {
    throw errors.at(-1)
  })
  return result()
}

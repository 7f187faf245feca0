/** A second attempt beside a first that is not answered, and the better of the two. */
import { type Clock, UNWANTED } from '../../../platform/clock.ts'

export type HedgeOptions = {
  /** Milliseconds after which the first attempt is hedged. */
  readonly afterMs: number
  readonly clock: Clock
  /** Ends both attempts, and the waiting for the second. */
  readonly signal: AbortSignal
  /** Whether an error settles the matter, so that the other attempt is not waited for. */
  readonly isVerdict: (error: unknown) => boolean
  /** Runs before the second attempt; throws when it is no longer wanted. */
  readonly beforeHedge: () => void
}

/**
 * Makes one attempt, and a second one where the first has not ended in time; each must reject as soon as its signal is
 * aborted. The first success or verdict holds, and ends the other attempt.
 * @throws the verdict; where neither attempt brought one, the error of the second, which tells more of how things are now
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
      () => true, // Aborted, and so is the attempt.
    )
    if (await Promise.race([isAnswered, isEarly])) return await first
    try {
      beforeHedge()
      return await firstToHold([first, attempt(attempts.signal)], isVerdict)
    } finally {
      attempts.abort(UNWANTED)
    }
  } finally {
    waiting.abort(UNWANTED)
    signal.removeEventListener('abort', end)
  }
}

async function firstToHold<Value>(
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

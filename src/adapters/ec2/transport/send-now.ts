/** One call of one service. */
import { Failure } from '../../../platform/errors.ts'
import { Ec2Error, hintOfCode } from '../errors.ts'
import { isHopeless, isMended } from './refusals.ts'
import { named } from './unexpected.ts'

/**
 * The SDK bounds no way to credentials: a program that prints them (`credential_process`) may hang, and would end all reading.
 * An answer has its own, shorter bounds.
 */
const LONGEST_CALL_MS = 15_000

export type Call<Output> = (options: { abortSignal: AbortSignal }) => Promise<Output>

/**
 * Sends one command of any service at once; and once more where its credentials were refused and there are newer ones, or the
 * time of its signature was.
 * @param failure what is thrown for an error
 * @param permit runs before it is sent once more; throws when it is no longer wanted
 * @throws what `failure` makes of its error, or of having waited for too long; what `permit` throws; the signal's reason, with
 * what was attempted, when it is aborted
 */
export async function sendNow<Output>(
  attempted: string,
  call: Call<Output>,
  signal: AbortSignal,
  {
    failure = (error: unknown) => new Ec2Error(attempted, error),
    permit = () => {},
  }: { failure?: (error: unknown) => Ec2Error; permit?: () => void } = {},
): Promise<Output> {
  let end = () => {}
  let late: NodeJS.Timeout | undefined
  const ended = new Promise<never>((_, reject) => {
    end = () => reject(signal.reason)
    const text = `neither credentials nor an answer within ${LONGEST_CALL_MS} ms`
    late = setTimeout(() => reject(named('TimeoutError', text)), LONGEST_CALL_MS)
  })
  async function attempt(): Promise<Output> {
    try {
      return await call({ abortSignal: signal })
    } catch (error) {
      if (signal.aborted || !(await isMended(error))) throw error
    }
    signal.throwIfAborted()
    permit()
    return call({ abortSignal: signal })
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    // The SDK gives no signal to what finds credentials for it (STS, IMDS), which may take longer than we want it.
    return await Promise.race([attempt(), ended])
  } catch (error) {
    if (!signal.aborted) throw error instanceof Failure ? error : lastingly(failure(error), isHopeless(error))
    const { reason }: { reason: unknown } = signal
    if (!(reason instanceof Failure)) throw reason
    const hint = reason.hint ?? (reason.kind === 'failed' ? hintOfCode('TimeoutError') : undefined)
    throw new Failure(reason.kind, `${reason.message}; last, ${attempted}: not answered`, { hint })
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', end)
  }
}

/** The same where nothing can change it any more: then no retry mends it. */
function lastingly(error: Ec2Error, isHopeless: boolean): Failure {
  if (!isHopeless) return error
  const hint = 'the session of the environment’s credentials is over: log in anew, or check AWS_SESSION_TOKEN'
  return new Failure('failed', error.message, { hint, cause: error })
}

/** A single service call. */
import { Failure } from '../../../platform/errors.ts'
import { Ec2Error, hintOfCode } from '../errors.ts'
import { isPermanent, recover } from './refusals.ts'
import { named } from './unexpected.ts'

/**
 * Upper bound on a whole call. The SDK does not limit credential providers: a `credential_process` may hang and would
 * block all reads. Responses have their own, shorter limits.
 */
const LONGEST_CALL_MS = 15_000

export type Call<Output> = (options: { abortSignal: AbortSignal }) => Promise<Output>

/**
 * Sends one command to any service immediately, and once more if its signature was rejected and can be corrected: with
 * newer credentials or the service's time.
 * @param failure wraps an error
 * @param permit called before resending; throws if the call is no longer wanted
 * @throws what `failure` returns for an error or a timeout; what `permit` throws; if the signal is aborted, its reason
 * together with what was attempted
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
    const text = `no credentials and no answer within ${LONGEST_CALL_MS} ms`
    late = setTimeout(() => reject(named('TimeoutError', text)), LONGEST_CALL_MS)
  })
  async function attempt(): Promise<Output> {
    try {
      return await call({ abortSignal: signal })
    } catch (error) {
      if (signal.aborted || !(await recover(error))) throw error
    }
    signal.throwIfAborted()
    permit()
    return call({ abortSignal: signal })
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    // The SDK does not pass the signal to its credential providers (STS, IMDS), which may outlast it.
    return await Promise.race([attempt(), ended])
  } catch (error) {
    if (!signal.aborted) throw error instanceof Failure ? error : withPermanence(failure(error), isPermanent(error))
    const { reason }: { reason: unknown } = signal
    if (!(reason instanceof Failure)) throw reason
    const hint = reason.hint ?? (reason.kind === 'failed' ? hintOfCode('TimeoutError') : undefined)
    throw new Failure(reason.kind, `${reason.message}; last attempt, ${attempted}: not answered`, { hint })
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', end)
  }
}

/** Makes an error non-retryable if nothing can fix it in this process. */
function withPermanence(error: Ec2Error, isPermanent: boolean): Failure {
  if (!isPermanent) return error
  const hint = 'the credentials in the environment have expired: log in again, or check AWS_SESSION_TOKEN'
  return new Failure('failed', error.message, { hint, cause: error })
}

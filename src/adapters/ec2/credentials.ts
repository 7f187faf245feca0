/**
 * Credentials that are renewed when a service rejects them. The SDK caches them until this host's clock says that they
 * have expired, and caches AWS's shared files as first read.
 */
import type { EC2Client } from '@aws-sdk/client-ec2'
import { loadSharedConfigFiles } from '@smithy/core/config'
import type { InitializeMiddleware, MiddlewareStack } from '@smithy/types'
import type { Clock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'
import { Ec2Error } from './errors.ts'
import { EXPIRED, isPermanent, markPermanent, REJECTED, type Refusal, setRecovery } from './transport/refusals.ts'

type Provide = EC2Client['config']['credentials']

/** Minimum milliseconds between two renewals. */
const RENEWAL_SPACING_MS = 1000
/**
 * Clock skew that is certain to be real, in milliseconds. AWS tolerates five minutes; the SDK corrects anything over
 * four.
 */
const SKEW_MS = 240_000
export type CredentialsOptions = {
  readonly clock: Clock
  /** Called on each renewal, and on each correction of the signing time. */
  readonly onRefusal: (refusal: Refusal) => void
  /** Whether this process cannot get newer ones. */
  readonly areFixed: boolean
}

/** Whether the SDK takes them from the environment, which no other process can change. */
export function areFromEnvironment(env: NodeJS.ProcessEnv = process.env): boolean {
  return Boolean(env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY && !env.AWS_PROFILE)
}

export class Credentials {
  /** For the SDK's clients. */
  readonly provide: Provide
  readonly #options: CredentialsOptions
  #begunAt = Number.NEGATIVE_INFINITY
  #renewedAt = Number.NEGATIVE_INFINITY
  #renewal: Promise<void> | undefined
  /** Clock skew when last reported, in milliseconds. */
  #reportedOffset = 0

  /** @param provide caches its result, and fetches a new one if called with `forceRefresh` */
  constructor(provide: Provide, options: CredentialsOptions) {
    this.#options = options
    const explained: Provide = (properties) =>
      provide(properties).catch(async (error: unknown) => Promise.reject(await asMissingCredentials(error)))
    this.provide = Object.assign(explained, { memoized: true })
  }

  /** Makes failed calls of this client, which uses these credentials, recoverable (refusals.ts). */
  watch<Input extends object, Output extends object>(client: {
    readonly config: object
    readonly middlewareStack: MiddlewareStack<Input, Output>
  }): void {
    const { clock } = this.#options
    const offset = () => Number(Reflect.get(client.config, 'systemClockOffset'))
    const middleware: InitializeMiddleware<Input, Output> = (next) => async (args) => {
      const since = clock.now()
      const offsetBefore = offset()
      try {
        return await next(args)
      } catch (error) {
        if (!(error instanceof Error)) throw error
        setRecovery(error, async () => {
          const isCorrected = REJECTED.includes(error.name) && Math.abs(offset() - offsetBefore) >= SKEW_MS
          if (!isCorrected) return this.areRenewedAfter(error, since)
          this.#reportOffset(error.name, offset())
          return true
        })
        throw error
      }
    }
    client.middlewareStack.add(middleware, { step: 'initialize', name: 'rememberRejections', priority: 'high' })
  }

  #reportOffset(code: string, clockBehindMs: number): void {
    if (Math.abs(clockBehindMs - this.#reportedOffset) >= SKEW_MS) this.#options.onRefusal({ code, clockBehindMs })
    this.#reportedOffset = clockBehindMs
  }

  /**
   * Renews the credentials if the error calls for it: once for all calls that failed with them, and at most once a
   * second.
   * @param since when the failed call started
   * @returns whether resending the call is worthwhile
   * @throws why the renewal failed
   */
  async areRenewedAfter(error: Error, since: number): Promise<boolean> {
    const { clock, areFixed } = this.#options
    if (error.name === 'CredentialsProviderError') await this.#reload()
    if (!REJECTED.includes(error.name) || isPermanent(error)) return false
    if (areFixed) {
      if (error.name !== 'RequestExpired' && EXPIRED.includes(error.name)) markPermanent(error)
      return false
    }
    if (this.#renewedAt > since) return true
    // Freshly renewed and still rejected: renewing again would not help.
    if (clock.now() - this.#renewedAt < RENEWAL_SPACING_MS) return false
    this.#renewal ??= this.#renew(error.name).finally(() => {
      this.#renewal = undefined
    })
    await this.#renewal
    return true
  }

  async #renew(code: string): Promise<void> {
    const { clock, onRefusal } = this.#options
    await clock.sleep(Math.max(0, this.#begunAt + RENEWAL_SPACING_MS - clock.now()), NEVER)
    this.#begunAt = clock.now()
    await reloadSharedFiles()
    await this.provide({ forceRefresh: true })
    this.#renewedAt = clock.now()
    onRefusal({ code })
  }

  /** There were none: a credentials file may have been written since, for the next attempt to find. */
  async #reload(): Promise<void> {
    const now = this.#options.clock.now()
    if (now - this.#begunAt < RENEWAL_SPACING_MS) return
    this.#begunAt = now
    await reloadSharedFiles()
  }
}

/** The wait is short and serves the next caller, too: it is never aborted. */
const NEVER = new AbortController().signal

/** Reloads AWS's shared config and credentials files into the SDK's cache. */
export async function reloadSharedFiles(): Promise<void> {
  await loadSharedConfigFiles({ ignoreCache: true })
}

/** Treats any failure in the SDK's credential lookup (such as parsing a page as JSON) as missing credentials. */
async function asMissingCredentials(error: unknown): Promise<unknown> {
  const { class: errorClass, code, status } = new Ec2Error('looking for credentials', error)
  const isMissing = code === 'CredentialsProviderError' || (errorClass === 'fatal' && status === undefined)
  if (!isMissing) return error
  const message = (await missingProfile()) ?? messageOf(error).replace(NO_CREDENTIALS, 'no AWS credentials found')
  return Object.assign(new Error(message, { cause: error }), { name: 'CredentialsProviderError' })
}

/** Says so if AWS_PROFILE, or --profile, names a profile that AWS's shared files do not have. */
export async function missingProfile(): Promise<string | undefined> {
  const name = process.env.AWS_PROFILE
  if (name === undefined) return undefined
  const { configFile, credentialsFile } = await loadSharedConfigFiles()
  const known = Object.keys({ ...configFile, ...credentialsFile }).filter((each) => !NO_PROFILE.test(each))
  if (known.includes(name)) return undefined
  const others = known.length > 0 ? `they have ${known.join(', ')}` : 'they have none'
  return `the AWS config files have no profile "${name}" (${others})`
}

/** The SDK's message when every way to credentials has failed. */
const NO_CREDENTIALS = /^Could not load credentials from any providers$/

/** Other sections of the config file, as the SDK names them. */
const NO_PROFILE = /^(?:sso-session|services)\./

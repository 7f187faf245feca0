/**
 * Credentials that are fetched anew when an answer refuses them. The SDK keeps what it was given until this host's clock says
 * that it has expired, and AWS's shared files as they were when it first read them.
 */
import type { EC2Client } from '@aws-sdk/client-ec2'
import { loadSharedConfigFiles } from '@smithy/core/config'
import type { InitializeMiddleware, MiddlewareStack } from '@smithy/types'
import type { Clock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'
import { Ec2Error } from './errors.ts'
import { EXPIRED, giveUp, isHopeless, noteMend, REFUSED, type Refusal } from './transport/refusals.ts'

type Provide = EC2Client['config']['credentials']

/** Milliseconds between two renewals. */
const APART_MS = 1000
/** Milliseconds by which a clock is off for certain. AWS minds five minutes, and the SDK corrects what is over four. */
const SKEW_MS = 240_000
export type CredentialsOptions = {
  readonly clock: Clock
  /** Told of each renewal, and of each correction of the time that requests are signed with. */
  readonly onRefusal: (refusal: Refusal) => void
  /** Whether nothing newer can be had in this process. */
  readonly areFixed: boolean
}

/** Whether the SDK takes them from the environment, which no other process can change. */
export function areOfEnvironment(env: NodeJS.ProcessEnv = process.env): boolean {
  return Boolean(env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY && !env.AWS_PROFILE)
}

export class Credentials {
  /** To be given to the SDK's clients. */
  readonly provide: Provide
  readonly #options: CredentialsOptions
  #begunAt = Number.NEGATIVE_INFINITY
  #renewedAt = Number.NEGATIVE_INFINITY
  #renewal: Promise<void> | undefined
  /** Milliseconds by which the clock was off when that was last told. */
  #toldOffset = 0

  /** @param provide remembers what it found, and asks again where `forceRefresh` says so */
  constructor(provide: Provide, options: CredentialsOptions) {
    this.#options = options
    const explained: Provide = (properties) =>
      provide(properties).catch((error: unknown) => Promise.reject(lackOf(error)))
    this.provide = Object.assign(explained, { memoized: true })
  }

  /** Lets calls of this client, which is signed with them, be mended (refusals.ts). */
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
        noteMend(error, async () => {
          const isCorrected = REFUSED.includes(error.name) && Math.abs(offset() - offsetBefore) >= SKEW_MS
          if (!isCorrected) return this.areRenewedAfter(error, since)
          this.#tellOffset(error.name, offset())
          return true
        })
        throw error
      }
    }
    client.middlewareStack.add(middleware, { step: 'initialize', name: 'noteRefusals', priority: 'high' })
  }

  #tellOffset(code: string, clockBehindMs: number): void {
    if (Math.abs(clockBehindMs - this.#toldOffset) >= SKEW_MS) this.#options.onRefusal({ code, clockBehindMs })
    this.#toldOffset = clockBehindMs
  }

  /**
   * Renews them if the error says that it is for that: once for all calls that they failed, and at most once a second.
   * @param since when the call began that failed
   * @returns whether it is worth sending it again
   * @throws why they could not be renewed
   */
  async areRenewedAfter(error: Error, since: number): Promise<boolean> {
    const { clock, areFixed } = this.#options
    if (error.name === 'CredentialsProviderError') await this.#lookAgain()
    if (!REFUSED.includes(error.name) || isHopeless(error)) return false
    if (areFixed) {
      if (error.name !== 'RequestExpired' && EXPIRED.includes(error.name)) giveUp(error)
      return false
    }
    if (this.#renewedAt > since) return true
    // Fresh ones, and refused: of these there is no better kind.
    if (clock.now() - this.#renewedAt < APART_MS) return false
    this.#renewal ??= this.#renew(error.name).finally(() => {
      this.#renewal = undefined
    })
    await this.#renewal
    return true
  }

  async #renew(code: string): Promise<void> {
    const { clock, onRefusal } = this.#options
    await clock.sleep(Math.max(0, this.#begunAt + APART_MS - clock.now()), NEVER)
    this.#begunAt = clock.now()
    await readFilesAnew()
    await this.provide({ forceRefresh: true })
    this.#renewedAt = clock.now()
    onRefusal({ code })
  }

  /** There were none: a file of them may have come meanwhile, for the next attempt. */
  async #lookAgain(): Promise<void> {
    const now = this.#options.clock.now()
    if (now - this.#begunAt < APART_MS) return
    this.#begunAt = now
    await readFilesAnew()
  }
}

/** What is waited for is short, and of use to whoever asks next. */
const NEVER = new AbortController().signal

/** Of the config and of credentials. What the SDK reads in them from now on is what was read now. */
export async function readFilesAnew(): Promise<void> {
  await loadSharedConfigFiles({ ignoreCache: true })
}

/** Whatever goes wrong in the SDK where it looks for credentials, reading a page as JSON say, is a lack of them. */
function lackOf(error: unknown): unknown {
  const { class: errorClass, status } = new Ec2Error('looking for credentials', error)
  if (errorClass !== 'fatal' || status !== undefined) return error
  return Object.assign(new Error(messageOf(error), { cause: error }), { name: 'CredentialsProviderError' })
}

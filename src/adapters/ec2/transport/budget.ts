/**
 * A client-side model of EC2's token buckets, so that a failover of hundreds of routes is not throttled and does not
 * starve the account. One per process: EC2 counts per account, Region and action
 * (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html).
 */
import type { Clock } from '../../../platform/clock.ts'
import { Ec2Error } from '../errors.ts'

export type Bucket = {
  /** Burst size, in calls. */
  readonly size: number
  /** Refill rate, in calls per second. */
  readonly perSecond: number
}

/** The published limits for the calls that come in hundreds. */
export const BUCKETS = {
  ReplaceRoute: { size: 50, perSecond: 5 },
  CreateRoute: { size: 50, perSecond: 5 },
  CreateTags: { size: 100, perSecond: 10 },
} as const satisfies Readonly<Record<string, Bucket>>

export type BudgetedAction = keyof typeof BUCKETS

/**
 * How far our refill lags behind EC2's, in milliseconds: calls of a burst may reach EC2 later than calls made after
 * them.
 */
const REFILL_LAG_MS = 100
/** Milliseconds to wait for a response that proves that EC2 has started to refill. */
const LONGEST_UNANSWERED_MS = 1000

/** Scheduling priority: an edge's writes go first, everything else is FIFO. */
export type Precedence = 'edge' | 'other'

type Waiting = { readonly precedence: Precedence; readonly begin: () => void }

/** Milliseconds between reports of how many calls are waiting. */
const REPORT_EVERY_MS = 5000
const FIRST_REPORT_AFTER_MS = 1000

export type BudgetOptions = {
  readonly clock: Clock
  /** Called repeatedly while calls are waiting. */
  readonly onWait: (action: BudgetedAction, waiting: number, seconds: number) => void
}

export type Budget = {
  /**
   * Makes the call as soon as a token is available.
   * @throws what the call throws; the signal's reason, without making the call, if it is aborted first
   */
  within<Value>(
    action: BudgetedAction,
    precedence: Precedence,
    call: () => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Value>
}

export function openBudget({ clock, onWait }: BudgetOptions): Budget {
  const bucketOf = (action: BudgetedAction) =>
    new TokenBucket(BUCKETS[action], clock, (waiting, seconds) => onWait(action, waiting, seconds))
  const buckets: Readonly<Record<BudgetedAction, TokenBucket>> = {
    ReplaceRoute: bucketOf('ReplaceRoute'),
    CreateRoute: bucketOf('CreateRoute'),
    CreateTags: bucketOf('CreateTags'),
  }
  return {
    async within(action, precedence, call, signal) {
      const bucket = buckets[action]
      const turn = bucket.take(precedence, signal)
      if (turn) await turn
      try {
        return await call()
      } catch (error) {
        if (error instanceof Ec2Error && error.class === 'throttle') bucket.drain()
        throw error
      } finally {
        bucket.answered()
      }
    },
  }
}

/** Milliseconds that the last of this many route writes may have to wait. */
export function longestWait(writes: number): number {
  const { size, perSecond } = BUCKETS.ReplaceRoute
  return writes <= size ? 0 : ((writes - size) / perSecond) * 1000 + REFILL_LAG_MS
}

export class TokenBucket {
  readonly #bucket: Bucket
  readonly #clock: Clock
  #tokens: number
  #countedAt: number
  /** When a call drew on a bucket that may be full at EC2, if none has been answered since. */
  #unansweredSince: number | undefined
  readonly #onWait: (waiting: number, seconds: number) => void
  #waiting: Waiting[] = []
  #isPumping = false

  constructor({ size, perSecond }: Bucket, clock: Clock, onWait: (waiting: number, seconds: number) => void) {
    this.#onWait = onWait
    this.#bucket = { size, perSecond }
    this.#clock = clock
    this.#tokens = this.#bucket.size
    this.#countedAt = clock.now()
  }

  /**
   * Takes a token. Returns undefined if one is available now, else a promise for one.
   * @throws the signal's reason, without taking a token, if it is aborted first
   */
  take(precedence: Precedence, signal: AbortSignal): Promise<void> | undefined {
    signal.throwIfAborted()
    this.#count()
    if (this.#waiting.length === 0 && this.#tokens >= 1) {
      this.#draw()
      if (this.#tokens < 1) this.#countedAt += REFILL_LAG_MS
      return undefined
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting)
        reject(signal.reason)
      }
      const begin = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const waiting = { precedence, begin }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.push(waiting)
      void this.#pump()
    })
  }

  /** Empties the bucket after EC2 throttled a call: others in the account draw on it, too. */
  drain(): void {
    this.#count()
    this.#tokens = Math.min(this.#tokens, 0)
  }

  /**
   * Notes that EC2 has seen a call and so has been refilling since then at the latest: a busy process sends a burst
   * later than it takes tokens.
   */
  answered(): void {
    if (this.#unansweredSince === undefined) return
    this.#unansweredSince = undefined
    this.#countedAt = Math.max(this.#countedAt, this.#clock.now())
  }

  #draw(): void {
    const { size, perSecond } = this.#bucket
    // EC2 starts to refill a full bucket only when the call arrives. Our count may be about a second short of full.
    if (this.#tokens >= size - perSecond) this.#unansweredSince ??= this.#clock.now()
    this.#tokens -= 1
  }

  #count(): void {
    const now = this.#clock.now()
    if (this.#unansweredSince !== undefined) {
      if (now - this.#unansweredSince < LONGEST_UNANSWERED_MS) return
      this.answered()
    }
    if (now < this.#countedAt) return
    const refill = ((now - this.#countedAt) / 1000) * this.#bucket.perSecond
    this.#tokens = Math.min(this.#bucket.size, this.#tokens + refill)
    this.#countedAt = now
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    let reportedAt = this.#clock.now() - REPORT_EVERY_MS + FIRST_REPORT_AFTER_MS
    while (this.#waiting.length > 0) {
      this.#count()
      if (this.#clock.now() - reportedAt >= REPORT_EVERY_MS) {
        reportedAt = this.#clock.now()
        this.#onWait(this.#waiting.length, this.#waiting.length / this.#bucket.perSecond)
      }
      if (this.#tokens < 1) {
        if (this.#unansweredSince !== undefined) {
          await this.#clock.sleep(REFILL_LAG_MS, NEVER)
          continue
        }
        const refilling = ((1 - this.#tokens) / this.#bucket.perSecond) * 1000
        await this.#clock.sleep(Math.ceil(this.#countedAt - this.#clock.now() + refilling), NEVER)
        continue
      }
      this.#draw()
      this.#next()?.begin()
    }
    this.#isPumping = false
  }

  #next(): Waiting | undefined {
    const first = this.#waiting.findIndex(({ precedence }) => precedence === 'edge')
    return this.#waiting.splice(Math.max(0, first), 1)[0]
  }
}

/** A waiting caller leaves the queue by itself; the refill timer is never aborted. */
const NEVER = new AbortController().signal

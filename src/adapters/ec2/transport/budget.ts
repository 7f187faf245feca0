/**
 * Our own account of EC2's token buckets, so that a failover of hundreds of routes is neither refused nor starves the
 * account. One for the whole process: EC2 counts per account, Region and action
 * (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html).
 */
import type { Clock } from '../../../platform/clock.ts'
import { Ec2Error } from '../errors.ts'

export type Bucket = {
  /** Calls that are let through at once. */
  readonly size: number
  /** Calls that are let through each second when the bucket is empty. */
  readonly perSecond: number
}

/** As published, of the calls that come in hundreds. */
export const BUCKETS = {
  ReplaceRoute: { size: 50, perSecond: 5 },
  CreateRoute: { size: 50, perSecond: 5 },
  CreateTags: { size: 100, perSecond: 10 },
} as const satisfies Readonly<Record<string, Bucket>>

export type BudgetedAction = keyof typeof BUCKETS

/** Milliseconds by which our refill is behind EC2's: the calls of a burst may reach it later than those after them. */
const LAG = 100
/** For how long no answer is waited for that shows that EC2 has begun to refill. Milliseconds. */
const LONGEST_UNANSWERED = 1000

/** Whose turn comes first: the writes of an edge, then all else in the order of its coming. */
export type Precedence = 'edge' | 'other'

type Waiting = { readonly precedence: Precedence; readonly begin: () => void }

/** Milliseconds between two tellings of how many wait. */
const TELLING_EVERY = 5000
const FIRST_TELLING_AFTER = 1000

export type BudgetOptions = {
  readonly clock: Clock
  /** Told again and again while calls wait. */
  readonly onWait: (action: BudgetedAction, waiting: number, seconds: number) => void
}

export type Budget = {
  /**
   * Makes the call when there is a token for it, which may be at once.
   * @throws what the call throws; the signal's reason, and nothing is called, when it is aborted before
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

/** Milliseconds that the last of so many writes of routes may have to wait. */
export function longestWait(writes: number): number {
  const { size, perSecond } = BUCKETS.ReplaceRoute
  return writes <= size ? 0 : ((writes - size) / perSecond) * 1000 + LAG
}

export class TokenBucket {
  readonly #bucket: Bucket
  readonly #clock: Clock
  #tokens: number
  #countedAt: number
  /** When a call took of a bucket that may be full at EC2, and none has been answered since. */
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
   * Takes a token: at once, with nothing to be awaited, or when there is one.
   * @throws the signal's reason, and no token is taken, when it is aborted first
   */
  take(precedence: Precedence, signal: AbortSignal): Promise<void> | undefined {
    signal.throwIfAborted()
    this.#count()
    if (this.#waiting.length === 0 && this.#tokens >= 1) {
      this.#draw()
      if (this.#tokens < 1) this.#countedAt += LAG
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

  /** EC2 says that the bucket is empty: others of the account take from it, too. */
  drain(): void {
    this.#count()
    this.#tokens = Math.min(this.#tokens, 0)
  }

  /** EC2 has heard of a call, and refills since then or before: a busy process sends a burst later than it takes tokens. */
  answered(): void {
    if (this.#unansweredSince === undefined) return
    this.#unansweredSince = undefined
    this.#countedAt = Math.max(this.#countedAt, this.#clock.now())
  }

  #draw(): void {
    const { size, perSecond } = this.#bucket
    // A full one refills nothing until the call reaches it; by our account it may be short of full by a second or so.
    if (this.#tokens >= size - perSecond) this.#unansweredSince ??= this.#clock.now()
    this.#tokens -= 1
  }

  #count(): void {
    const now = this.#clock.now()
    if (this.#unansweredSince !== undefined) {
      if (now - this.#unansweredSince < LONGEST_UNANSWERED) return
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
    let toldAt = this.#clock.now() - TELLING_EVERY + FIRST_TELLING_AFTER
    while (this.#waiting.length > 0) {
      this.#count()
      if (this.#clock.now() - toldAt >= TELLING_EVERY) {
        toldAt = this.#clock.now()
        this.#onWait(this.#waiting.length, this.#waiting.length / this.#bucket.perSecond)
      }
      if (this.#tokens < 1) {
        if (this.#unansweredSince !== undefined) {
          await this.#clock.sleep(LAG, NEVER)
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

/** What waits for a token is told when it has one; the bucket itself fills in any case. */
const NEVER = new AbortController().signal

/** A second attempt beside one that is not answered: when it is made, whose end holds, and that no abort leaves any. */
import { describe, expect, test } from 'vitest'
import { hedged } from '../../../../../src/adapters/ec2/transport/hedge.ts'
import type { Clock } from '../../../../../src/platform/clock.ts'
import { gate } from '../../../../support/fixtures.ts'

const WEAK = new Error('the network')
const VERDICT = new Error('denied')

/** Attempts whose ends are the test's to choose, and a clock that stands still until `late` is opened. */
function world() {
  const late = gate()
  const asleep: number[] = []
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    sleep(ms, signal) {
      asleep.push(ms)
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        void late.opened.then(resolve)
      })
    },
  }
  const attempts: { answer(value: string): void; fail(error: Error): void; signal: AbortSignal }[] = []
  const both = gate()
  const controller = new AbortController()
  const run = (beforeHedge = () => {}) =>
    hedged(
      (signal) =>
        new Promise<string>((answer, fail) => {
          attempts.push({ answer, fail, signal })
          signal.addEventListener('abort', () => fail(signal.reason), { once: true })
          if (attempts.length === 2) both.open()
        }),
      { afterMs: 1000, clock, signal: controller.signal, isVerdict: (error) => error === VERDICT, beforeHedge },
    )
  /** Runs until there are two attempts. */
  async function hedging() {
    const result = run()
    result.catch(() => {})
    late.open()
    await both.opened
    const [first, second] = attempts
    if (!first || !second) throw new Error('there are no two attempts')
    return { result, first, second }
  }
  return { late, asleep, attempts, controller, run, hedging }
}

/** Whatever is due now has run. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('an attempt that ends in time', () => {
  test('is the only one, be it answered or failed', async () => {
    const answered = world()
    const result = answered.run()
    answered.attempts[0]?.answer('first')
    expect(await result).toBe('first')
    expect(answered.asleep).toEqual([1000])

    const failed = world()
    const failure = failed.run()
    failed.attempts[0]?.fail(WEAK)
    await expect(failure).rejects.toBe(WEAK)

    for (const { late, attempts } of [answered, failed]) {
      late.open()
      await settled()
      expect(attempts).toHaveLength(1)
    }
  })
})

describe('an attempt that is late is hedged', () => {
  test('the second answers: it holds, and the first is ended', async () => {
    const { result, first, second } = await world().hedging()
    expect([first, second].map(({ signal }) => signal.aborted)).toEqual([false, false])
    second.answer('second')
    expect(await result).toBe('second')
    expect(first.signal.aborted).toBe(true)
  })

  test('the first answers after all: it holds, and the second is ended', async () => {
    const { result, first, second } = await world().hedging()
    first.answer('first')
    expect(await result).toBe('first')
    expect(second.signal.aborted).toBe(true)
  })

  test('one fails without a verdict: the other is waited for', async () => {
    for (const order of [0, 1]) {
      const { result, first, second } = await world().hedging()
      const [failing, answering] = order === 0 ? [first, second] : [second, first]
      failing.fail(WEAK)
      await settled()
      expect(answering.signal.aborted).toBe(false)
      answering.answer('answer')
      expect(await result).toBe('answer')
    }
  })

  test('a verdict on either is not waited upon', async () => {
    for (const order of [0, 1]) {
      const { result, first, second } = await world().hedging()
      const [judged, waiting] = order === 0 ? [first, second] : [second, first]
      judged.fail(VERDICT)
      await expect(result).rejects.toBe(VERDICT)
      expect(waiting.signal.aborted).toBe(true)
    }
  })

  test('both fail: the error is that of the second, in whatever order', async () => {
    const { result, first, second } = await world().hedging()
    const throttled = new Error('throttled')
    second.fail(throttled)
    first.fail(WEAK)
    await expect(result).rejects.toBe(throttled)
  })
})

describe('what is no longer wanted', () => {
  const lost = new Error('mastership is lost')

  test('ends both attempts at once', async () => {
    const { hedging, controller } = world()
    const { result, first, second } = await hedging()
    controller.abort(lost)
    expect([first, second].map(({ signal }) => signal.reason)).toEqual([lost, lost])
    await expect(result).rejects.toBe(lost)
  })

  test('is not hedged later', async () => {
    const { run, late, attempts, controller } = world()
    const result = run()
    controller.abort(lost)
    await expect(result).rejects.toBe(lost)
    late.open()
    await settled()
    expect(attempts).toHaveLength(1)
  })

  test('is not even begun', async () => {
    const { run, attempts, controller } = world()
    controller.abort(lost)
    await expect(run()).rejects.toBe(lost)
    expect(attempts).toEqual([])
  })

  test('is not hedged where only what is asked before shows it, and the first attempt ends, too', async () => {
    const { run, late, attempts } = world()
    const result = run(() => {
      throw lost
    })
    late.open()
    await expect(result).rejects.toBe(lost)
    expect(attempts).toHaveLength(1)
    expect(attempts[0]?.signal.aborted).toBe(true)
  })
})

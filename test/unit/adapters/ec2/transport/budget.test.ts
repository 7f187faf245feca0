import { describe, expect, test } from 'vitest'
import { Ec2Error } from '../../../../../src/adapters/ec2/errors.ts'
import { BUCKETS, openBudget, type Precedence, TokenBucket } from '../../../../../src/adapters/ec2/transport/budget.ts'
import { jumpingClock, settableClock } from '../../../../support/fixtures.ts'

const NEVER = new AbortController().signal
const untold = () => {}
const BUCKET = { size: 50, perSecond: 5 }

test('as many as the bucket holds go at once, with nothing to be awaited', () => {
  const bucket = new TokenBucket(BUCKET, jumpingClock(), untold)
  for (let call = 0; call < 50; call++) expect(bucket.take('edge', NEVER)).toBeUndefined()
  expect(bucket.take('edge', NEVER)).toBeInstanceOf(Promise)
})

test('500 writes take what EC2’s own bucket makes them take, and not three hundredths more', async () => {
  const clock = jumpingClock()
  const bucket = new TokenBucket(BUCKETS.ReplaceRoute, clock, untold)
  await Promise.all(Array.from({ length: 500 }, () => bucket.take('edge', NEVER)))
  const floor = ((500 - 50) / 5) * 1000
  expect(clock.now()).toBeGreaterThanOrEqual(floor)
  expect(clock.now()).toBeLessThan(floor * 1.03)
})

test('what was not used comes back, up to the size of the bucket', async () => {
  const clock = settableClock()
  const bucket = new TokenBucket(BUCKET, clock, untold)
  for (let call = 0; call < 50; call++) void bucket.take('edge', NEVER)
  bucket.answered()
  await clock.set(2100)
  for (let call = 0; call < 10; call++) expect(bucket.take('edge', NEVER)).toBeUndefined()
  expect(bucket.take('edge', NEVER)).toBeInstanceOf(Promise)
})

describe('a burst that leaves a busy process late', () => {
  async function beginnings(answeredAt: number | undefined, times: readonly number[]): Promise<number[]> {
    const clock = settableClock()
    const bucket = new TokenBucket(BUCKET, clock, untold)
    for (let call = 0; call < 50; call++) void bucket.take('edge', NEVER)
    const begun: number[] = []
    for (let call = 0; call < 3; call++) void bucket.take('edge', NEVER)?.then(() => begun.push(clock.now()))
    for (const at of times) {
      await clock.set(at)
      if (at === answeredAt) bucket.answered()
    }
    return begun
  }
  const every100 = Array.from({ length: 16 }, (_, index) => index * 100)

  test('is followed by others at the pace of EC2 since its first answer, and not of before', async () => {
    expect(await beginnings(600, every100)).toEqual([800, 1000, 1200])
  })

  test('is waited for no longer than a second', async () => {
    expect(await beginnings(undefined, every100)).toEqual([1200, 1400])
  })
})

describe('of those who wait', () => {
  async function order(kinds: readonly Precedence[]): Promise<string[]> {
    const bucket = new TokenBucket({ size: 1, perSecond: 1 }, jumpingClock(), untold)
    void bucket.take('other', NEVER)
    const begun: string[] = []
    await Promise.all(kinds.map((kind, index) => bucket.take(kind, NEVER)?.then(() => begun.push(`${kind} ${index}`))))
    return begun
  }

  test('the writes of an edge come first, else the earlier', async () => {
    expect(await order(['other', 'edge', 'other', 'edge'])).toEqual(['edge 1', 'edge 3', 'other 0', 'other 2'])
  })

  test('one that is no longer wanted leaves, and takes no token', async () => {
    const clock = settableClock()
    const bucket = new TokenBucket({ size: 1, perSecond: 1 }, clock, untold)
    void bucket.take('edge', NEVER)
    bucket.answered()
    const leaving = new AbortController()
    const left = bucket.take('edge', leaving.signal)
    const stays = bucket.take('other', NEVER)
    leaving.abort(new Error('no longer MASTER'))
    await expect(left).rejects.toThrow('no longer MASTER')
    await clock.set(1100)
    await expect(stays).resolves.toBeUndefined()
  })
})

test('an answer that the account’s bucket is empty empties ours', () => {
  const bucket = new TokenBucket(BUCKET, jumpingClock(), untold)
  bucket.drain()
  expect(bucket.take('edge', NEVER)).toBeInstanceOf(Promise)
})

test('while calls wait, it is told how many and for how long, after a second and then every five', async () => {
  const clock = jumpingClock()
  const told: number[][] = []
  const bucket = new TokenBucket(BUCKET, clock, (waiting, seconds) => told.push([waiting, seconds]))
  const calls = Array.from({ length: 110 }, () => bucket.take('edge', NEVER))
  bucket.answered()
  await Promise.all(calls)
  expect(told).toEqual([
    [56, 11.2],
    [31, 6.2],
    [6, 1.2],
  ])
})

describe('within a budget', () => {
  const throttled = new Ec2Error('ReplaceRoute', Object.assign(new Error('slower'), { name: 'RequestLimitExceeded' }))

  test('a call that EC2 throttles empties the bucket of its action, and of no other', async () => {
    const clock = jumpingClock()
    const { within } = openBudget({ clock, onWait: untold })
    const failed = within('ReplaceRoute', 'edge', () => Promise.reject(throttled), NEVER)
    await expect(failed).rejects.toBe(throttled)
    await within('CreateTags', 'other', async () => {}, NEVER)
    expect(clock.now()).toBe(0)
    await within('ReplaceRoute', 'edge', async () => {}, NEVER)
    expect(clock.now()).toBe(200)
  })
})

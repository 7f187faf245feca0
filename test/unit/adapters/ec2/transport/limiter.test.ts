import { expect, test } from 'vitest'
import { limitConcurrency } from '../../../../../src/adapters/ec2/transport/limiter.ts'
import { gate } from '../../../../support/fixtures.ts'

const wanted = new AbortController().signal

/** Calls that end when their gate is opened, and the order in which they began. */
function calls() {
  const begun: string[] = []
  const make = (name: string) => {
    const { opened, open } = gate()
    const call = async () => {
      begun.push(name)
      await opened
      return name
    }
    return { call, open }
  }
  return { begun, make }
}

test('so many at a time, then each in the order of its coming, failures included', async () => {
  const { begun, make } = calls()
  const inTurn = limitConcurrency(2)
  const a = make('a')
  const running = inTurn(a.call, wanted)
  const failing = inTurn(() => Promise.reject(new Error('failed')), wanted)
  const rest = ['c', 'd'].map((name) => inTurn(async () => begun.push(name), wanted))
  await expect(failing).rejects.toThrow('failed')
  expect(await Promise.all(rest)).toEqual([2, 3])
  expect(begun).toEqual(['a', 'c', 'd'])
  a.open()
  expect(await running).toBe('a')
})

test('the first goes alone, and the others together in the next turn of the event loop', async () => {
  const begun: string[] = []
  const inTurn = limitConcurrency(10)
  const ends = ['a', 'b', 'c'].map((name) => inTurn(async () => begun.push(name), wanted))
  await ends[0]
  expect(begun).toEqual(['a'])
  await Promise.all(ends)
  expect(begun).toEqual(['a', 'b', 'c'])
})

test('what is aborted while it waits ends at once, is never called, and keeps nobody from a turn', async () => {
  const { begun, make } = calls()
  const inTurn = limitConcurrency(1)
  const a = make('a')
  const c = make('c')
  const running = inTurn(a.call, wanted)
  const controller = new AbortController()
  const waiting = inTurn(async () => begun.push('b'), controller.signal)
  const next = inTurn(c.call, wanted)
  const lost = new Error('mastership is lost')
  controller.abort(lost)
  // "a" still has the one turn.
  await expect(waiting).rejects.toBe(lost)
  a.open()
  c.open()
  expect(await Promise.all([running, next])).toEqual(['a', 'c'])
  expect(begun).toEqual(['a', 'c'])
})

test('what is aborted before it comes, or in the moment when its turn has come, is not called either', async () => {
  const begun: string[] = []
  const inTurn = limitConcurrency(1)
  const a = gate()
  const called = gate()
  const running = inTurn(() => {
    called.open()
    return a.opened
  }, wanted)
  await called.opened
  await new Promise((resolve) => setImmediate(resolve))
  const controller = new AbortController()
  const waiting = inTurn(async () => begun.push('b'), controller.signal)
  // After the turn was passed on, and before it is taken.
  void a.opened.then(() => controller.abort(new Error('mastership is lost')))
  a.open()
  await expect(waiting).rejects.toThrow('mastership is lost')
  await running
  await expect(inTurn(async () => begun.push('late'), controller.signal)).rejects.toThrow('mastership is lost')
  expect(await inTurn(async () => begun.push('c'), wanted)).toBe(1)
  expect(begun).toEqual(['c'])
})

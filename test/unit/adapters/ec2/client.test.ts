import { getEventListeners } from 'node:events'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openEc2 } from '../../../../src/adapters/ec2/client.ts'
import { sendNow } from '../../../../src/adapters/ec2/transport/send-now.ts'
import { systemClock } from '../../../../src/platform/clock.ts'

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

test('a call that is over leaves nothing on its signal, which may be as old as the daemon', async () => {
  const { signal } = new AbortController()
  const during = await sendNow('a call', async ({ abortSignal }) => listenersOf(abortSignal), signal)
  expect([during, listenersOf(signal)]).toEqual([1, 0])
  await expect(sendNow('a call', () => Promise.reject(new Error('no')), signal)).rejects.toThrow('a call: ')
  expect(listenersOf(signal)).toBe(0)
})

test('a call whose credentials never come is given up, and may be tried again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const never = () => new Promise<never>(() => {})
  const given = expect(sendNow('a call', never, new AbortController().signal)).rejects.toMatchObject({
    class: 'retry',
    message: 'a call: TimeoutError: no credentials and no answer within 15000 ms',
  })
  vi.advanceTimersByTime(15_000)
  await given
  expect(vi.getTimerCount()).toBe(0)
})

test('no answer is prepared for a log that is not kept', async () => {
  const assumeRole = 'arn:aws:iam::123456789012:role/route-owner'
  const { own, routes } = await openEc2({ region: 'ap-northeast-1', assumeRole, clock: systemClock, onWait: () => {} })
  for (const { middlewareStack } of [own, routes]) {
    expect(middlewareStack.identify()).toContainEqual(expect.stringContaining('hostHeaderMiddleware'))
    expect(middlewareStack.identify()).not.toContainEqual(expect.stringContaining('logger'))
  }
})

import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/platform/clock.ts'

const listenersOf = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length

test('a wait is as long as it is said to be, and leaves nothing on its signal', async () => {
  const controller = new AbortController()
  const start = systemClock.now()
  const waiting = systemClock.sleep(30, controller.signal)
  expect(listenersOf(controller)).toBe(1)
  await waiting
  expect(systemClock.now() - start).toBeGreaterThan(28)
  expect(listenersOf(controller)).toBe(0)
})

test('a wait that is ended rejects with the reason, and its timer is gone', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const controller = new AbortController()
  const reason = new Error('enough')
  const waiting = systemClock.sleep(3_600_000, controller.signal)
  expect(timers()).toBe(before + 1)
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(timers()).toBe(before)
})

test('no wait begins whose signal is aborted already', async () => {
  await expect(systemClock.sleep(3_600_000, AbortSignal.abort('late'))).rejects.toBe('late')
})

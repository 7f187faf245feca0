import { expect, test } from 'vitest'
import { createHangDetector } from '../../../../src/agent/daemon/hang-detector.ts'
import { gate, settableClock } from '../../../support/fixtures.ts'

test('work that has been under way for a minute hangs, until it ends, well or not', async () => {
  const clock = settableClock()
  const work = createHangDetector(clock)
  const { opened, open } = gate()
  const followed = work.follow(opened)
  await expect(work.follow(Promise.reject(new Error('timed out')))).rejects.toThrow('timed out')
  await clock.set(60_000)
  expect(work.hangs()).toBe(false)
  await clock.set(60_001)
  expect(work.hangs()).toBe(true)
  open()
  await followed
  expect(work.hangs()).toBe(false)
})

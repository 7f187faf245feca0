import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { deferLog } from '../../../../src/commands/notify/deferred-log.ts'
import type { Log } from '../../../../src/platform/log.ts'

const lines: unknown[] = []
const opened = vi.fn()

/** A log that notes each line with its moment. */
async function open(now: () => number): Promise<Log> {
  opened()
  const say =
    (level: string) =>
    (...values: unknown[]) =>
      lines.push([now(), level, ...values])
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

beforeEach(() => {
  lines.length = 0
  vi.useFakeTimers({ now: 1000, toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
  opened.mockClear()
})

test('a line that was said before the log is open keeps its moment and its place', async () => {
  const log = deferLog(open)
  log.info({ eni: 'eni-1' }, 'first')
  vi.setSystemTime(1020)
  log.error('second')
  vi.setSystemTime(1300)
  await log.written()
  log.warn('third')
  expect(lines).toEqual([
    [1000, 'info', { eni: 'eni-1' }, 'first'],
    [1020, 'error', 'second'],
    [1300, 'warn', 'third'],
  ])
  expect(opened).toHaveBeenCalledOnce()
})

test('what writes it is not loaded before the event loop has come round twice', async () => {
  const log = deferLog(open)
  log.info('first')
  await new Promise(setImmediate)
  expect(opened).not.toHaveBeenCalled()
  await log.written()
  expect(opened).toHaveBeenCalled()
})

test('nothing is opened where nothing is said', async () => {
  await deferLog(open).written()
  expect(opened).not.toHaveBeenCalled()
})

test('a log that cannot be opened is no error of whoever says something to it', async () => {
  const log = deferLog(() => Promise.reject(new Error('cannot be opened')))
  log.info('first')
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  log.info('second')
  await expect(log.written()).resolves.toBeUndefined()
})

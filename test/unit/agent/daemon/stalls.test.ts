import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchStalls } from '../../../../src/agent/daemon/stalls.ts'
import { silentLog } from '../../../support/fixtures.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** What is said when the next look comes `late` milliseconds late, of which this process has worked so many. */
function said(late: number, worked: number): string[] {
  const lines: string[] = []
  let now = 0
  let cpu = 0
  const log = { ...silentLog, warn: (text: string | object) => void lines.push(`${text}`) }
  const end = watchStalls({ now: () => now }, log, () => cpu)
  now += 250
  cpu += 1
  vi.advanceTimersByTime(250)
  now += 250 + late
  cpu += worked
  vi.advanceTimersByTime(250)
  now += 250
  vi.advanceTimersByTime(250)
  end()
  return lines
}

test.each([
  [2400, 100, ['this process did not run for 2.3 s ']],
  [900, 0, []],
  [2400, 2300, []],
])('a look that comes %i ms late, %i of which were work', (late, worked, lines) => {
  expect(said(late, worked)).toEqual(lines.map((line) => expect.stringContaining(line)))
})

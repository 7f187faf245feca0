/** Which files the history has, and which of them are removed. */
import { expect, test } from 'vitest'
import {
  FULL_BYTES,
  isSegment,
  MOST_BYTES,
  MOST_FILES,
  NEWEST,
  newestFirst,
  segmentName,
  superfluous,
} from '../../../src/history/segments.ts'

test('a file is one of the history’s by its name alone', () => {
  const others = ['history.jsonl.swp', 'history-1.jsonl', 'history-1-2.jsonl.gz', 'VI_1.view', '../history-1-2.jsonl']
  expect([NEWEST, segmentName(1_700_000_000_000, 42), ...others].filter(isSegment)).toEqual([
    'history.jsonl',
    'history-1700000000000-42.jsonl',
  ])
})

test('the newest come first, whatever their pids', () => {
  const names = [segmentName(900, 7), NEWEST, segmentName(1000, 1), segmentName(999, 80_000)]
  expect(newestFirst(names)).toEqual([NEWEST, names[2], names[3], names[0]])
})

test('the oldest are removed, until the others are short enough', () => {
  const segments = [1, 2, 3, 4, 5].map((at) => ({ name: segmentName(at, 1), bytes: FULL_BYTES }))
  expect(superfluous([{ name: NEWEST, bytes: 10 * FULL_BYTES }, ...segments])).toEqual([
    segmentName(2, 1),
    segmentName(1, 1),
  ])
  expect(MOST_BYTES / FULL_BYTES).toBe(3)
})

test('short ones are kept, but not without end', () => {
  const segments = Array.from({ length: MOST_FILES + 2 }, (_, at) => ({ name: segmentName(at, 1), bytes: 10 }))
  expect(superfluous(segments.slice(2))).toEqual([])
  expect(superfluous(segments)).toEqual([segmentName(1, 1), segmentName(0, 1)])
})

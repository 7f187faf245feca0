/** A line of the history: short, whole, and understood by this version and later ones. */
import { expect, test } from 'vitest'
import { type Entry, LONGEST_LINE_BYTES, lineOf } from '../../../src/history/entry.ts'
import { entriesIn } from '../../../src/history/read.ts'
import { eni } from '../../support/fixtures.ts'

const AT = Date.parse('2026-11-23T01:02:03.456Z')
const HEAD = { at: AT, by: 'daemon', instance: 'VI_1', eni: eni('eni-0a') } as const
const TRANSITION: Entry = {
  ...HEAD,
  kind: 'transition',
  from: 'BACKUP',
  to: 'MASTER',
  priority: 100,
  cause: 'fifo',
  found: false,
}
const WRITES: Entry = {
  ...{ ...HEAD, kind: 'writes', accepted: 1, failed: 1, waiting: 0, ended: 0, ms: 38, since: 'event' },
  ...{ routes: ['rtb-0a 10.99.0.10/32'], takenFrom: ['eni-0b'], errors: ['no'] },
}
const ALL: readonly Entry[] = [
  TRANSITION,
  WRITES,
  { ...HEAD, kind: 'priority', from: 150, to: 50 },
  { ...HEAD, kind: 'proof' },
  { ...HEAD, kind: 'decision', condition: 'OK', action: 'none', intended: eni('eni-0a'), reason: 'all is well' },
  { ...HEAD, kind: 'confirmed', routes: 2, ms: 1000, since: 'decision' },
  { ...HEAD, kind: 'pinned', to: eni('eni-0a'), until: AT + 1000 },
  { ...HEAD, kind: 'unpinned', from: eni('eni-0a') },
  { ...HEAD, kind: 'detail', detail: 'external-writer', message: 'look', isOver: false },
  { ...HEAD, instance: null, eni: null, kind: 'daemon', what: 'stopped', why: null },
  {
    ...{ ...HEAD, by: 'operator', eni: null, kind: 'by-hand', command: 'pin', who: 'alice@db-1' },
    ...{ to: eni('eni-0b'), until: AT, outcomes: { done: 2 } },
  },
]

test.each(ALL)('is read as it was written: $kind', (entry) => {
  expect(lineOf(entry)).toMatch(/^\{"at":"2026-11-23T01:02:03.456Z",.*\}\n$/)
  expect(entriesIn(lineOf(entry))).toEqual([entry])
})

test.each([5000, 100_000])('is shorter than a page, however long its text: %i', (length) => {
  const reason = '語'.repeat(length)
  const line = lineOf({ ...HEAD, kind: 'decision', condition: 'OK', action: 'none', intended: null, reason })
  expect(Buffer.byteLength(line)).toBeLessThan(LONGEST_LINE_BYTES)
  const [entry] = entriesIn(line)
  expect(entry).toMatchObject({ kind: 'decision', reason: expect.stringMatching(/^語+…$/) })
})

test('says at least what it was about, if nothing else fits', () => {
  const routes = Array.from({ length: 300 }, (_, index) => `rtb-${index} 2001:db8::1/128`)
  const [entry] = entriesIn(lineOf({ ...WRITES, routes }))
  expect(entry).toMatchObject({ at: AT, by: 'daemon', instance: 'VI_1', kind: 'unknown' })
})

test('whose end is torn, or which is nothing of ours, is left out, and the others are read', () => {
  const torn = lineOf(TRANSITION).slice(0, 40)
  const strange = [
    'null',
    '7',
    '[]',
    '{}',
    '{"at":"yesterday","by":"daemon","instance":null,"eni":null,"kind":"x"}',
    '',
  ]
  const text = [lineOf(TRANSITION), `${torn}\n`, ...strange.map((line) => `${line}\n`), lineOf(WRITES), torn].join('')
  expect(entriesIn(text)).toEqual([TRANSITION, WRITES])
})

test.each([
  ['a kind', { kind: 'quorum', votes: 3 }],
  ['a state', { ...TRANSITION, to: 'LEADER' }],
])('of a later version, with %s that is not known, is kept as it is', (_, strange) => {
  const line = JSON.stringify({ ...HEAD, ...strange, at: new Date(AT).toISOString() })
  const [entry] = entriesIn(line)
  expect(entry).toMatchObject({ ...HEAD, kind: 'unknown', text: expect.stringContaining(strange.kind) })
})

test('of a later version, with more keys, is understood', () => {
  const more = { ...TRANSITION, at: new Date(AT).toISOString(), shard: 7 }
  expect(entriesIn(JSON.stringify(more))).toEqual([TRANSITION])
})

/** The history as a timeline, on wide and on narrow terminals, and as JSON. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { historyJson } from '../../../../src/commands/history/json.ts'
import { historyText } from '../../../../src/commands/history/output.ts'
import type { AnyEntry, Happening, Writes } from '../../../../src/history/entry.ts'
import { timelineOf } from '../../../../src/history/timeline.ts'
import { columnsOf } from '../../../../src/terminal/table.ts'
import { DB1, DB2, FACTS } from '../../../support/overview.ts'

const MIDNIGHT = Date.parse('2026-11-28T00:00:00.000Z')
const NOW = MIDNIGHT + 3 * 3_600_000

const at = (seconds: number, happening: Happening, change: Partial<AnyEntry> = {}): AnyEntry =>
  ({ at: MIDNIGHT + seconds * 1000, by: 'daemon', instance: 'VI_1', eni: DB2, ...change, ...happening }) as AnyEntry

const ROUTES = ['rtb-0ab15050754f6a007 10.99.0.10/32', 'rtb-0e5c0d5f303f1c4ec 10.99.0.10/32']
const WRITES: Writes = {
  ...{ kind: 'writes', accepted: 2, failed: 0, waiting: 0, ended: 0, ms: 38, since: 'event', routes: ROUTES },
  ...{ takenFrom: [], errors: [] },
}
const decided = (condition: 'OK' | 'SWITCHING', reason: string, action: 'write' | 'none' = 'none'): Happening => ({
  ...{ kind: 'decision', condition, action, intended: DB2, reason },
})

const FAILOVER: readonly AnyEntry[] = [
  at(-5, { kind: 'transition', from: 'UNKNOWN', to: 'BACKUP', priority: 100, cause: 'probe', found: true }),
  at(0, { kind: 'transition', from: 'BACKUP', to: 'MASTER', priority: 100, cause: 'fifo', found: false }),
  at(0, decided('SWITCHING', 'we have become MASTER: writing at once, reading later', 'write')),
  at(0.04, WRITES),
  at(0.5, decided('SWITCHING', 'we are MASTER 100; all 2 routes are in place')),
  at(1, { kind: 'confirmed', routes: 2, ms: 1040, since: 'event' }),
  at(3, decided('OK', `we are MASTER 100; ${DB1} is gone; all 2 routes are in place`)),
  at(7200, {
    ...{
      kind: 'by-hand',
      command: 'switch',
      who: 'alice@db-2',
      to: DB1,
      until: null,
      outcomes: { done: 1, failed: 1 },
    },
  }),
]

const text = (entries: readonly AnyEntry[], width: number, left = 0) =>
  historyText({ rows: timelineOf(entries, NOW), left, now: NOW, facts: FACTS, directory: '/var/lib/vip-switch' }, width)

describe('a failover is told', () => {
  test('with whole times on a wide terminal, and to programs line by line', () => {
    expect(text(FAILOVER, 200).split('\n')).toEqual([
      `VI_1 on db-2 (${DB2})`,
      '',
      '2026-11-27 23:59:55Z  3 h ago  BACKUP 100  5 s        found at the start: keepalived’s answer when asked',
      '2026-11-28 00:00:00Z  3 h ago  MASTER 100  until now  was BACKUP; an event on keepalived’s FIFO',
      '2026-11-28 00:00:00Z  3 h ago  SWITCHING   3 s        we have become MASTER: writing at once, reading later',
      '2026-11-28 00:00:00Z  2 h ago  wrote                  2 routes accepted 38 ms after the event: 10.99.0.10/32 in rtb-0ab15050754f6a007, rtb-0e5c0d5f303f1c4ec',
      '2026-11-28 00:00:01Z  2 h ago  confirmed              2 routes read back in place 1.0 s after the event',
      '2026-11-28 00:00:03Z  2 h ago  OK          until now  we are MASTER 100; db-1 is gone; all 2 routes are in place',
      '2026-11-28 02:00:00Z  1 h ago  switch                 alice@db-2 switched 2 routes to db-1: 1 done, 1 failed',
    ])
    expect(text(FAILOVER, Number.POSITIVE_INFINITY)).toBe(text(FAILOVER, 200))
  })

  test('with the days above, and wrapped sentences, on 100 columns', () => {
    expect(text(FAILOVER, 100).split('\n').slice(2, 8)).toEqual([
      '2026-11-27',
      '23:59:55Z  3 h ago  BACKUP 100  5 s        found at the start: keepalived’s answer when asked',
      '2026-11-28',
      '00:00:00Z  3 h ago  MASTER 100  until now  was BACKUP; an event on keepalived’s FIFO',
      '00:00:00Z  3 h ago  SWITCHING   3 s        we have become MASTER: writing at once, reading later',
      '00:00:00Z  2 h ago  wrote                  2 routes accepted 38 ms after the event: 10.99.0.10/32 in',
    ])
  })

  test('with the sentences below on 60 columns', () => {
    expect(text(FAILOVER, 60).split('\n').slice(5, 9)).toEqual([
      '2026-11-28',
      '00:00:00Z  3 h ago  MASTER 100  until now',
      '    was BACKUP; an event on keepalived’s FIFO',
      '00:00:00Z  3 h ago  SWITCHING   3 s',
    ])
  })

  test.each([60, 80, 100, 132, 200])('within %i columns', (width) => {
    for (const line of text(FAILOVER, width, 3).split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(width)
  })
})

test('instances have a column of their own, if there are several', () => {
  const lines = text([...FAILOVER, at(7300, { kind: 'proof' }, { instance: 'VI_2' })], 200).split('\n')
  expect(lines[0]).toBe(`VI_1, VI_2 on db-2 (${DB2})`)
  expect(lines[3]).toMatch(/^2026-11-28 00:00:00Z {2}3 h ago +VI_1 {2}MASTER 100 /)
  expect(lines.at(-1)).toMatch(/ VI_2 {2}proof +keepalived hears a lower master/)
})

test('what is not shown is counted', () => {
  expect(text(FAILOVER, 80, 1)).toContain('\n1 earlier entry: see --since\n')
  expect(text([], 80, 12)).toBe('nothing since then; 12 earlier entries: see --since')
  expect(text([], 80)).toBe('no history in /var/lib/vip-switch')
})

test.each<[string, Happening]>([
  [
    'failed  none of 2 routes accepted: 10.99.0.10/32 in rtb-0ab15050754f6a007, rtb-0e5c0d5f303f1c4ec; 2 failed: not allowed',
    { ...WRITES, accepted: 0, failed: 2, ms: null, errors: ['not allowed'] },
  ],
  [
    'healed  1 of 3 routes accepted in 2.4 s: 10.99.0.10/32 in rtb-0ab15050754f6a007 and 2 more; taken back from db-1; 1 tried again; 1 no longer wanted',
    {
      ...{ ...WRITES, accepted: 1, waiting: 1, ended: 1, ms: 2400, since: 'decision', takenFrom: [DB1] },
      routes: ROUTES.slice(0, 1),
    },
  ],
  [
    'STOP  was MASTER; keepalived does not run',
    { kind: 'transition', from: 'MASTER', to: 'STOP', priority: 100, cause: 'gone', found: false },
  ],
  ['priority  150 → 50', { kind: 'priority', from: 150, to: 50 }],
  ['pinned  the routes are pinned to db-1 until 2026-11-28 03:00:00Z', { kind: 'pinned', to: DB1, until: NOW }],
  ['unpinned  the routes are no longer pinned to db-1', { kind: 'unpinned', from: DB1 }],
  [
    'notice  routes were deleted',
    { kind: 'detail', detail: 'external-writer', message: 'routes were deleted', isOver: false },
  ],
  [
    'over  routes were deleted',
    { kind: 'detail', detail: 'external-writer', message: 'routes were deleted', isOver: true },
  ],
  ['daemon  config rejected: no vips', { kind: 'daemon', what: 'rejected', why: 'no vips' }],
  [
    'pin  alice@db-1 pinned 2 routes to db-1: 2 done until 2026-11-28 03:00:00Z',
    { kind: 'by-hand', command: 'pin', who: 'alice@db-1', to: DB1, until: NOW, outcomes: { done: 2 } },
  ],
  [
    'unpin  alice@db-1 removed the pin to db-1',
    { kind: 'by-hand', command: 'unpin', who: 'alice@db-1', to: DB1, until: null, outcomes: {} },
  ],
])('%s', (expected, happening) => {
  expect(
    historyText(
      { rows: [{ entry: at(0, happening), lasted: undefined }], left: 0, now: NOW, facts: FACTS, directory: '/' },
      500,
    ),
  ).toContain(`ago  ${expected}`.replace(/^ago {2}(\S+) {2}/, (_, label) => `ago  ${label}    `))
})

test('a hook that acted is told from a daemon', () => {
  const transition = {
    kind: 'transition',
    from: 'BACKUP',
    to: 'MASTER',
    priority: 100,
    cause: null,
    found: false,
  } as const
  expect(text([at(0, transition, { by: 'hook' })], 200)).toContain(
    'was BACKUP; an event of keepalived, on which its hook acted',
  )
})

test('nothing in it acts on the terminal', () => {
  const evil = '\u001b[2J\u202eeni'
  const shown = text([at(0, decided('OK', evil)), at(1, { kind: 'proof' }, { instance: evil })], 200)
  expect(shown).not.toContain('\u001b')
  expect(shown).not.toContain('\u202e')
})

test('a strange entry is shown as it is', () => {
  const strange = {
    at: MIDNIGHT,
    by: 'daemon',
    instance: 'VI_1',
    eni: DB2,
    kind: 'unknown',
    text: '{"kind":"quorum"}',
  } as const
  expect(text([strange], 200)).toContain('?    written by another version: {"kind":"quorum"}')
})

test('docs/json.md has every key of the JSON', () => {
  const docs = readFileSync(new URL('../../../../docs/json.md', import.meta.url), 'utf8')
  const [, section = ''] = /^## `vip-switch history --json`$(.*?)^## /ms.exec(docs) ?? []
  const { entries, ...rest } = JSON.parse(historyJson(timelineOf(FAILOVER, NOW), FACTS))
  expect(rest).toMatchObject({
    version: 1,
    nodes: [
      { eni: DB1, name: 'db-1' },
      { eni: DB2, name: 'db-2' },
    ],
  })
  expect(entries[1]).toEqual({
    ...{ at: '2026-11-28T00:00:00.000Z', by: 'daemon', instance: 'VI_1', eni: DB2, kind: 'transition' },
    ...{ from: 'BACKUP', to: 'MASTER', priority: 100, cause: 'fifo', found: false },
    ...{ lastedMs: 3 * 3_600_000, isOver: false },
  })
  const keys = [...Object.keys(rest), 'entries', ...entries.flatMap((entry: object) => Object.keys(entry))]
  for (const key of keys) expect(section, key).toMatch(new RegExp(`["\`]${key}["\`]`))
})

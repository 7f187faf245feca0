import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { statusJson } from '../../../../src/commands/status/json.ts'
import { statusText } from '../../../../src/commands/status/output.ts'
import { CONDITIONS } from '../../../../src/core/decide.ts'
import type { Overview } from '../../../../src/core/overview.ts'
import { nextStepOf, pageOf } from '../../../../src/overview/conditions.ts'
import { firstFitting } from '../../../../src/terminal/table.ts'
import { ageText, momentText } from '../../../../src/terminal/time.ts'
import { COUNTERS, DB1, DB2, FACTS, instance, node, overview, route } from '../../../support/overview.ts'

const lines = (...parts: Parameters<typeof statusText>) => statusText(...parts).split('\n')
const DB2_ROUTE = {
  ...route('private-c'),
  place: 'elsewhere' as const,
  route: {
    destination: route('private-c').key.vip,
    target: { kind: 'eni', eni: DB2, instance: undefined } as const,
    state: 'active' as const,
    origin: 'CreateRoute',
  },
}

describe('the screen, when all is well', () => {
  test('at 80 columns', () => {
    expect(lines(overview(), 80)).toEqual([
      'db  ap-northeast-1  2026-11-23 02:02:03Z',
      'outside view: neither keepalived nor the daemon runs here',
      '',
      'VI_1  OK',
      '  the routes belong to db-1, MASTER 150; all 2 routes are in place',
      '',
      '  10.99.0.10/32',
      '    rtb-0ab15050754f6a007  private-a  active  db-1  ap-northeast-1a',
      '    rtb-0e5c0d5f303f1c4ec  private-c  active  db-1  ap-northeast-1a',
      '',
      '  NODE  CLAIM       FOR  ZONE             ENI',
      '  db-1  MASTER 150  1 h  ap-northeast-1a  eni-06972ddd891f3c78e  owner',
      '  db-2  BACKUP 100  1 h  ap-northeast-1c  eni-075ceebc47bd70e98',
    ])
  })

  test('at 200 columns', () => {
    expect(lines(overview(), 200).slice(6)).toEqual([
      '  10.99.0.10/32',
      '    rtb-0ab15050754f6a007  private-a  active  db-1  ap-northeast-1a  eni-06972ddd891f3c78e',
      '    rtb-0e5c0d5f303f1c4ec  private-c  active  db-1  ap-northeast-1a  eni-06972ddd891f3c78e',
      '',
      '  NODE  CLAIM       FOR  SINCE                 ZONE             ENI',
      '  db-1  MASTER 150  1 h  2026-11-23 01:02:03Z  ap-northeast-1a  eni-06972ddd891f3c78e  owner',
      '  db-2  BACKUP 100  1 h  2026-11-23 01:02:03Z  ap-northeast-1c  eni-075ceebc47bd70e98',
    ])
  })
})

/** db-2 hears nothing of db-1, and leaves the routes to it. */
test('the screen is the one that the README shows', () => {
  const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8')
  const [, shown] = /^```\n(db {2}ap-northeast-1 .*?)\n```$/ms.exec(readme) ?? []
  const since = (seconds: number) => new Date(date - seconds * 1000).toISOString()
  const date = Date.parse('2026-11-28T01:27:52Z')
  const decision = {
    condition: 'SPLIT-BRAIN',
    reason: `${DB1}, MASTER 150, is alive; we are MASTER 100: split brain, leaving the routes to it`,
  } as const
  const split = instance({
    condition: 'SPLIT-BRAIN',
    masters: 2,
    nodes: [
      node({ liveness: 'alive', since: since(10) }),
      node({ eni: DB2, priority: 100, liveness: 'alive', since: since(8), isHere: true }),
    ],
    daemon: { mute: false, readAge: 0, decision, counters: COUNTERS },
  })
  const daemon = { kind: 'up', rejected: undefined, credentialRenewals: 0 } as const
  expect(statusText(overview({ date, here: DB2, daemon, instances: [split] }), 80)).toBe(shown)
})

describe('the screen, when something is wrong', () => {
  const split = overview({
    instances: [
      instance({
        condition: 'SPLIT-BRAIN',
        reason: `split brain: ${DB1}, MASTER 150, and ${DB2}, MASTER 100; the routes belong to ${DB1}; not in place: 10.99.0.10/32 in rtb-0e5c0d5f303f1c4ec (at ${DB2})`,
        routes: [route('private-a'), DB2_ROUTE],
        nodes: [node({ liveness: 'alive' }), node({ eni: DB2, priority: 100 })],
      }),
    ],
  })

  test('says what, what to do and where to read on, at 80 columns', () => {
    expect(lines(split, 80).slice(3)).toEqual([
      'VI_1  SPLIT-BRAIN',
      '  split brain: db-1, MASTER 150, and db-2, MASTER 100; the routes belong to',
      '    db-1; not in place: 10.99.0.10/32 in rtb-0e5c0d5f303f1c4ec private-c (at',
      '    db-2)',
      '  → allow IP protocol 112 (VRRP) between the nodes, both ways; stop the instance',
      '    of a dead node',
      '    docs/conditions/split-brain.md',
      '',
      '  10.99.0.10/32',
      '    rtb-0ab15050754f6a007  private-a  active  db-1  ap-northeast-1a',
      '    rtb-0e5c0d5f303f1c4ec  private-c  active  db-2  ap-northeast-1c',
      '',
      '  NODE  CLAIM       FOR  ZONE             ENI',
      '  db-1  MASTER 150  1 h  ap-northeast-1a  eni-06972ddd891f3c78e  owner, alive',
      '  db-2  MASTER 100  1 h  ap-northeast-1c  eni-075ceebc47bd70e98  alive?',
    ])
  })

  test('tells whose a route is, at 200 columns', () => {
    expect(lines(split, 200)).toContain(
      '    rtb-0e5c0d5f303f1c4ec  private-c  active  db-2  ap-northeast-1c  eni-075ceebc47bd70e98  belongs to db-1',
    )
    expect(lines(split, 200)[4]?.startsWith('  split brain: db-1, MASTER 150, and db-2, MASTER 100; ')).toBe(true)
  })

  test('keeps within any width', () => {
    for (const width of [50, 60, 80, 100, 200]) {
      expect(Math.max(...lines(split, width).map((line) => line.length))).toBeLessThanOrEqual(width)
    }
  })

  test('calls two of one name by their ENIs', () => {
    const facts = new Map([...FACTS].map(([id, each]) => [id, { ...each, name: 'db' }]))
    expect(statusText(overview({ facts }), 80)).toContain(`the routes belong to ${DB1}, MASTER 150`)
  })

  test.each(['10.0.2.12', 'eni-0bad', 'i-0bad', ' ', '::1'])('takes %j for no name', (name) => {
    const facts = new Map([...FACTS].map(([id, each]) => [id, { ...each, name: id === DB1 ? name : 'other' }]))
    expect(statusText(overview({ facts }), 80)).toContain(`the routes belong to ${DB1}, MASTER 150`)
  })

  test('a daemon that sees it otherwise is heard, too', () => {
    const decision = { condition: 'DRIFT', reason: 'we are BACKUP 100' } as const
    const text = statusText(
      overview({ instances: [instance({ daemon: { mute: false, readAge: 3000, decision, counters: COUNTERS } })] }),
      200,
    )
    expect(text).toContain(
      'VI_1  OK\n  the routes belong to db-1, MASTER 150; all 2 routes are in place\n' +
        '  the daemon here saw DRIFT at its last read: we are BACKUP 100\n',
    )
  })
})

describe('how long ago EC2 was read', () => {
  const daemon = { mute: false, readAge: 63_200, decision: undefined, counters: COUNTERS }
  const text = (change: Partial<Overview>) => statusText(overview(change), 80)

  test('by the daemon, for each of its instances', () => {
    const instances = [instance({ daemon }), instance({ name: 'VI_2', daemon: { ...daemon, readAge: undefined } })]
    const shown = text({ instances })
    expect(shown).toMatch(/VI_1 {2}OK\n.*\n {2}the daemon here last read EC2 1 min 3 s ago\n/)
    expect(shown).toMatch(/VI_2 {2}OK\n.*\n {2}the daemon here has not read EC2 yet\n/)
    expect(text({})).not.toContain('the daemon here')
  })

  test('by this look, where it cannot be read any more', () => {
    const troubles = [{ message: 'reading tables: no', hint: undefined }]
    expect(text({ troubles, readAge: 12_000 })).toContain('\nEC2 cannot be read (last read here 12 s ago):\n')
    expect(text({ troubles, readAge: undefined })).toContain('\nEC2 cannot be read:\n')
  })
})

test('details are told with what to do, those of the host at the top', () => {
  const detail = { kind: 'external-writer', message: `routes were set to ${DB2}`, hint: 'ask who' } as const
  const text = statusText(
    overview({
      details: [{ kind: 'state-not-saved', message: 'the disk is full', hint: undefined }],
      instances: [instance({ details: [detail] })],
    }),
    80,
  )
  expect(text).toContain('runs here\nthe disk is full\n\nVI_1  OK\n')
  expect(text).toContain('routes are in place\n  routes were set to db-2\n  → ask who\n')
})

test('every condition but OK names what to do next, and its page', () => {
  for (const condition of CONDITIONS) {
    const isFine = condition === 'OK'
    expect(nextStepOf(instance({ condition }), 'db-1', 'ap-northeast-1') === undefined).toBe(isFine)
    expect(pageOf(condition) === undefined).toBe(isFine)
  }
  // For the machine where it is pasted.
  expect(nextStepOf(instance({ condition: 'UNKNOWN' }), undefined, 'eu-west-1')).toMatchObject({
    command: expect.stringMatching(/--region eu-west-1$/),
  })
})

test('as JSON, has the same keys whatever is known', () => {
  const shapeOf = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
    if (typeof value !== 'object' || value === null) return null
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]))
  }
  const known = JSON.parse(statusJson(overview()))
  const unknown = JSON.parse(statusJson(overview({ region: undefined, facts: new Map() })))
  expect(shapeOf(unknown)).toEqual(shapeOf(known))
  expect(known).toMatchObject({
    version: 1,
    at: '2026-11-23T02:02:03.000Z',
    instances: [{ owner: { eni: DB1, name: 'db-1' }, nodes: [{ eni: DB1 }, { eni: DB2 }] }],
  })
})

test.each([
  [{ acceptedMs: 38 }, 'last transition  db-2 MASTER 01:02:01Z, 1 h ago, routes accepted in 38 ms'],
  [{ acceptedMs: undefined, eni: null, state: 'STOP' }, 'last transition  STOP 01:02:01Z, 1 h ago'],
  [
    { acceptedMs: 2400, at: Date.parse('2026-11-20T01:02:01.000Z') },
    'last transition  db-2 MASTER 2026-11-20 01:02:01Z, 3 d ago, routes accepted in 2.4 s',
  ],
] as const)('of this host, the last transition and how long it took: %o', (change, expected) => {
  const at = Date.parse('2026-11-23T01:02:01.000Z')
  const lastTransition = { eni: DB2, state: 'MASTER', at, ...change } as const
  expect(statusText(overview({ instances: [instance({ lastTransition })] }), 120).split('\n')).toContain(
    `  ${expected}`,
  )
})

test('docs/json.md has every key of the JSON', () => {
  const docs = readFileSync(new URL('../../../../docs/json.md', import.meta.url), 'utf8')
  const [, section = ''] = /^## `vip-switch status --json`$(.*?)^## /ms.exec(docs) ?? []
  const daemon = { mute: false, readAge: 3000, decision: { condition: 'OK', reason: '' }, counters: COUNTERS } as const
  const pin = { eni: DB1, since: 0, until: 1 }
  const troubles = [{ message: '', hint: '' }]
  const doubts = [{ eni: DB2, of: 'claim', why: '' }] as const
  const details = [{ kind: 'external-writer', message: '', hint: '' }] as const
  const lastTransition = { eni: DB2, state: 'MASTER', at: 0, acceptedMs: 1 } as const
  const keysOf = (value: unknown): string[] =>
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([key, each]) => [...(Array.isArray(value) ? [] : [key]), ...keysOf(each)])
  const keys = new Set(
    keysOf(
      JSON.parse(
        statusJson(
          overview({ troubles, details, instances: [instance({ daemon, pin, doubts, details, lastTransition })] }),
        ),
      ),
    ),
  )
  expect([...keys].sort()).toEqual([...new Set(Array.from(section.matchAll(/"(\w+)":/g), ([, key]) => key))].sort())
})

test('ages are told in two units', () => {
  const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]
  const ages = [-5 * second, 999, 12 * second, minute, 3 * minute + second, hour + 59 * second, 4 * day + 2 * hour]
  expect(ages.map(ageText)).toEqual(['0 s', '0 s', '12 s', '1 min', '3 min 1 s', '1 h', '4 d 2 h'])
  expect(momentText(Date.parse('2026-11-23T01:02:03.456Z'))).toBe('2026-11-23 01:02:03Z')
})

test('of several tables the first that fits is shown', () => {
  const variants = [{ rows: [['abc', 'def']] }, { rows: [['abc']], header: ['ABC'] }]
  expect(firstFitting(variants, 8)).toEqual(['abc  def'])
  expect(firstFitting(variants, 7)).toEqual(['ABC', 'abc'])
  expect(firstFitting(variants, 2)).toEqual(['abc'])
})

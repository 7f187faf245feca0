import { describe, expect, test } from 'vitest'
import { checkJson, checkLine, pluginLine, unknownJson } from '../../../../src/commands/check/output.ts'
import type { Overview } from '../../../../src/core/overview.ts'
import { COUNTERS, DB1, instance, overview } from '../../../support/overview.ts'

const DETAIL = { kind: 'external-writer', message: `routes were set to ${DB1}`, hint: 'ask who' } as const

const line = (change: Partial<Overview>, alone = true) => checkLine(overview(change), alone).text

test('all is well', () => {
  expect(checkLine(overview(), true)).toEqual({
    state: 'ok',
    text: 'VIP-SWITCH OK - VI_1 OK: the routes belong to db-1, MASTER 150; all 2 routes are in place | routes_in_place=2;;;0;2 masters=1;;;0',
  })
})

test('the worst comes first, and makes the state; figures are told apart by the instance', () => {
  const instances = [
    instance(),
    instance({ name: 'VI 2', condition: 'SPLIT-BRAIN', reason: `split brain: ${DB1}`, masters: 2 }),
  ]
  expect(line({ instances }, false)).toBe(
    'VIP-SWITCH CRITICAL - VI 2 SPLIT-BRAIN: split brain: db-1; VI_1 OK: the routes belong to db-1, MASTER 150; ' +
      "all 2 routes are in place | VI_1.routes_in_place=2;;;0;2 VI_1.masters=1;;;0 'VI 2.routes_in_place'=2;;;0;2 'VI 2.masters'=2;;;0",
  )
})

test.each<[string, Partial<Overview>, RegExp]>([
  ['is down', { daemon: { kind: 'down', reason: 'no such socket' } }, /^no daemon answers on \/run\/vip-switch\//],
  [
    'does not tell',
    { daemon: { kind: 'silent', reason: 'it starts' } },
    /^the daemon does not report its state: it starts/,
  ],
  [
    'has rejected its config',
    { daemon: { kind: 'up', rejected: 'line 3', credentialRenewals: 0 } },
    /old config: line 3; VI_1 OK/,
  ],
  [
    'is mute',
    { instances: [instance({ daemon: { mute: true, readAge: 1000, decision: undefined, counters: COUNTERS } })] },
    /VI_1: this node is mute/,
  ],
  [
    'knows of a detail of an instance',
    { instances: [instance({ details: [DETAIL] })] },
    /^VI_1: routes were set to db-1 \(ask who\); VI_1 OK/,
  ],
  ['knows of a detail of its host', { details: [DETAIL] }, /^routes were set to db-1 \(ask who\); VI_1 OK/],
  ['means a table that is not there', { instances: [instance({ problems: ['no table x'] })] }, /VI_1: no table x/],
])('a daemon that %s is a warning, if nothing is worse', (_, change, said) => {
  const { state, text: line } = checkLine(overview(change), true)
  expect(state).toBe('warning')
  expect(line.replace('VIP-SWITCH WARNING - ', '')).toMatch(said)
  const instances = [instance({ condition: 'BLACKHOLE' })]
  expect(checkLine(overview({ ...change, instances }), true).state).toBe('critical')
})

test('where a daemon tells, so it does how long ago it has read EC2, also where this look cannot', () => {
  const daemon = { mute: false, readAge: 63_200, decision: undefined, counters: COUNTERS }
  const instances = [instance({ daemon })]
  expect(line({ instances })).toMatch(/ \| routes_in_place=2;;;0;2 masters=1;;;0 read_age=63s;;;0$/)
  expect(line({ instances }, false)).toMatch(/ VI_1\.read_age=63s;;;0$/)
  expect(JSON.parse(checkJson(overview({ instances })).text).figures[0]).toMatchObject({ readAge: 63 })
  const troubles = [{ message: 'reading tables: no', hint: undefined }]
  expect(line({ instances, troubles })).toMatch(/: reading tables: no; the daemon here last read EC2 1 min 3 s ago$/)
  const unread = [instance({ daemon: { ...daemon, readAge: undefined } })]
  expect(line({ instances: unread })).not.toContain('read_age')
  expect(line({ instances: unread, troubles })).toMatch(/: reading tables: no$/)
})

test('a daemon that is up, or none where none is due, is nothing to tell of', () => {
  for (const kind of ['up', 'none'] as const)
    expect(checkLine(overview({ daemon: { kind, rejected: undefined, credentialRenewals: 0 } }), true).state).toBe('ok')
})

test('without EC2 nothing is told but what failed, once', () => {
  const troubles = ['tables', 'claims'].map((what) => ({ message: `reading ${what}: no`, hint: 'look at DNS' }))
  const instances = ['VI_1', 'VI_2'].map((name) => instance({ name, condition: 'UNKNOWN' }))
  expect(line({ troubles, instances })).toBe(
    'VIP-SWITCH UNKNOWN - VI_1, VI_2 UNKNOWN: reading tables: no; reading claims: no; look at DNS',
  )
})

test('no name of an instance takes a figure apart', () => {
  const named = (name: string) => checkLine(overview({ instances: [instance({ name })] }), false).text.split(' | ')[1]
  expect(named('VI_1')).toBe('VI_1.routes_in_place=2;;;0;2 VI_1.masters=1;;;0')
  expect(named('VI=1 a')).toBe("'VI_1 a.routes_in_place'=2;;;0;2 'VI_1 a.masters'=1;;;0")
})

test('is one line, whose text has no figures in it', () => {
  expect(pluginLine('unknown', '2 errors\n  a | b\n')).toBe('VIP-SWITCH UNKNOWN - 2 errors a / b')
  expect(pluginLine('unknown', 'a\x1b[2J\r\nb\u202e')).toBe('VIP-SWITCH UNKNOWN - a\\x1b[2J b\\u202e')
})

describe('as JSON', () => {
  const json = (change: Partial<Overview> = {}) => JSON.parse(checkJson(overview(change)).text)

  test('has every finding, the worst first, and the figures of each instance', () => {
    const instances = [
      instance({ details: [DETAIL] }),
      instance({ name: 'VI_2', condition: 'BLACKHOLE', reason: `${DB1} is gone` }),
    ]
    expect(checkJson(overview({ instances })).state).toBe('critical')
    expect(json({ instances, daemon: { kind: 'down', reason: 'no such socket' } })).toEqual({
      version: 1,
      state: 'CRITICAL',
      findings: [
        { state: 'CRITICAL', instance: 'VI_2', text: 'VI_2 BLACKHOLE: db-1 is gone', detail: null },
        { state: 'WARNING', instance: null, text: expect.stringContaining('no daemon answers'), detail: null },
        {
          state: 'WARNING',
          instance: 'VI_1',
          text: 'VI_1: routes were set to db-1 (ask who)',
          detail: 'external-writer',
        },
        { state: 'OK', instance: 'VI_1', text: expect.stringContaining('VI_1 OK: the routes belong'), detail: null },
      ],
      figures: [
        { instance: 'VI_1', condition: 'OK', routesInPlace: 2, routes: 2, masters: 1, readAge: null },
        { instance: 'VI_2', condition: 'BLACKHOLE', routesInPlace: 2, routes: 2, masters: 1, readAge: null },
      ],
    })
  })

  test('has the same keys where nothing can be told', () => {
    expect(JSON.parse(unknownJson('no config'))).toEqual({
      version: 1,
      state: 'UNKNOWN',
      findings: [{ state: 'UNKNOWN', instance: null, text: 'no config', detail: null }],
      figures: [],
    })
    const troubles = [{ message: 'reading tables: no', hint: undefined }]
    expect(json({ troubles })).toMatchObject({ state: 'UNKNOWN', figures: [] })
  })
})

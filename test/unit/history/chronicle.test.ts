/** What the steps of the real protocol tell. A whole story is in test/scenarios/history.txt. */
import { expect, test } from 'vitest'
import type { Input, Reading } from '../../../src/core/protocol/inputs-and-effects.ts'
import { step } from '../../../src/core/protocol/protocol.ts'
import { defaultSettings, initialState } from '../../../src/core/protocol/state.ts'
import type { Route, Standing } from '../../../src/core/route.ts'
import { parseVip } from '../../../src/core/vip.ts'
import { chronicle, newMemory } from '../../../src/history/chronicle.ts'
import type { Happening } from '../../../src/history/entry.ts'
import { eni, rtb } from '../../support/fixtures.ts'

const OWN = eni('eni-0a')
const KEY = { table: rtb('rtb-0a'), vip: parseVip('10.99.0.10') }
const OTHER = { ...KEY, table: rtb('rtb-0b') }
const KEYS = [KEY, OTHER]
const routeTo = (target: Route['target']): Route => ({
  ...{ destination: parseVip('10.99.0.10'), target, state: 'active', propagated: false, origin: 'CreateRoute' },
})
const IN_PLACE: Standing = { kind: 'in-place', route: routeTo({ kind: 'eni', eni: OWN, instance: undefined }) }
const TAKEN: Standing = { kind: 'elsewhere', route: routeTo({ kind: 'eni', eni: eni('eni-0f'), instance: undefined }) }
const MASTER = { kind: 'state', state: 'MASTER', priority: 150, found: false, cause: 'fifo' } as const

const reading = (...standings: Standing[]): Input => {
  const routes = standings.flatMap((standing, index) => (KEYS[index] ? [{ key: KEYS[index], standing }] : []))
  const read: Reading = { routes, claims: [], pins: [], unreachable: new Set(), checked: new Set(), date: 0 }
  return { kind: 'read', reading: read }
}

/** An agent with what it tells; `at` in milliseconds. */
function agent(previous?: 'BACKUP') {
  let state = initialState(defaultSettings(5000), { eni: OWN, address: '', keys: KEYS }, { monotonic: 0, wall: 0 })
  let memory = newMemory(previous)
  return (at: number, input: Input, heardAt?: number): readonly Happening[] => {
    ;({ state } = step(state, input, { monotonic: at, wall: at }))
    const next = chronicle(memory, { state, input, now: at, ...(heardAt !== undefined && { heardAt }) })
    memory = next.memory
    return next.told
  }
}
const kinds = (told: readonly Happening[]) => told.map(({ kind }) => kind)

test('a failover: who, what brought it, the decision, the writes, and that they were read back', () => {
  const tell = agent('BACKUP')
  expect(tell(0, MASTER)).toMatchObject([
    { kind: 'transition', from: 'BACKUP', to: 'MASTER', priority: 150, cause: 'fifo', found: false },
    { kind: 'decision', condition: 'SWITCHING', action: 'write' },
  ])
  expect(tell(20, { kind: 'written', key: KEY, accepted: true })).toEqual([])
  expect(tell(38, { kind: 'written', key: OTHER, accepted: true })).toMatchObject([
    { kind: 'writes', accepted: 2, failed: 0, waiting: 0, ended: 0, ms: 38, since: 'event', takenFrom: [] },
  ])
  // It was asked for before the routes were accepted, and proves nothing.
  expect(kinds(tell(40, reading(IN_PLACE, IN_PLACE)))).toEqual(['decision'])
  expect(kinds(tell(1000, { kind: 'wake' }))).toEqual([])
  expect(tell(1030, reading(IN_PLACE, IN_PLACE))).toMatchObject([
    { kind: 'confirmed', routes: 2, ms: 1030, since: 'event' },
  ])
})

test('the time counts from when the process heard of the event', () => {
  const tell = agent()
  tell(150, MASTER, 0)
  tell(160, { kind: 'written', key: KEY, accepted: true }, 0)
  expect(tell(170, { kind: 'written', key: OTHER, accepted: true }, 0)).toMatchObject([{ ms: 170, since: 'event' }])
})

test('a write that fails, and why', () => {
  const tell = agent()
  tell(0, MASTER)
  tell(20, { kind: 'written', key: KEY, accepted: false, why: 'UnauthorizedOperation' })
  expect(tell(30, { kind: 'written', key: OTHER, accepted: true })).toMatchObject([
    { kind: 'writes', accepted: 1, failed: 1, errors: ['UnauthorizedOperation'], ms: 30 },
  ])
})

test('what is accepted is told at the next look, while another write is still tried', () => {
  const tell = agent()
  tell(0, MASTER)
  tell(20, { kind: 'written', key: KEY, accepted: true })
  expect(tell(500, reading(IN_PLACE, TAKEN))[0]).toMatchObject({ kind: 'writes', accepted: 1, waiting: 1, ms: 20 })
  expect(tell(900, { kind: 'written', key: OTHER, accepted: true })).toMatchObject([
    { kind: 'writes', accepted: 1, waiting: 0, ms: 900 },
  ])
})

test('writes that end with the mastership', () => {
  const tell = agent()
  tell(0, MASTER)
  tell(20, { kind: 'written', key: KEY, accepted: true })
  const told = tell(30, { kind: 'state', state: 'BACKUP', priority: 150, found: false, cause: 'fifo' })
  expect(told).toMatchObject([
    { kind: 'transition', from: 'MASTER', to: 'BACKUP' },
    { kind: 'writes', accepted: 1, ended: 1 },
  ])
})

test('a heal, and from whom', () => {
  const tell = agent()
  tell(0, { ...MASTER, found: true })
  tell(20, reading(IN_PLACE, IN_PLACE))
  tell(5000, { kind: 'wake' })
  tell(5020, reading(TAKEN, IN_PLACE))
  expect(tell(5050, { kind: 'written', key: KEY, accepted: true })).toMatchObject([
    {
      ...{ kind: 'writes', accepted: 1, ms: 30, since: 'decision', routes: ['rtb-0a 10.99.0.10/32'] },
      takenFrom: ['eni-0f, which is not a node of the cluster'],
    },
  ])
})

test('a state that was known, and one that is not known yet, are no news', () => {
  const tell = agent('BACKUP')
  expect(tell(0, { kind: 'wake' })).toEqual([])
  expect(kinds(tell(1, { kind: 'state', state: 'BACKUP', priority: 100, found: true }))).toEqual([])
})

test('a priority that changes, and a proof of a lower master, the first of several', () => {
  const tell = agent()
  tell(0, MASTER)
  expect(tell(1, { ...MASTER, priority: 50 })).toEqual([{ kind: 'priority', from: 150, to: 50 }])
  expect(tell(2, { kind: 'rx-lower-pri' })).toEqual([{ kind: 'proof' }])
  expect(tell(202, { kind: 'rx-lower-pri' })).toEqual([])
  expect(tell(20_000, { kind: 'rx-lower-pri' })).toEqual([{ kind: 'proof' }])
})

import { pino } from 'pino'
import { expect, test } from 'vitest'
import { Agent } from '../../../src/agent/agent.ts'
import { countersOf } from '../../../src/agent/counters.ts'
import type { Reading } from '../../../src/core/protocol/inputs-and-effects.ts'
import { defaultSettings } from '../../../src/core/protocol/state.ts'
import type { Route } from '../../../src/core/route.ts'
import { parseDestination } from '../../../src/core/vip.ts'
import { eni, rtb, settableClock, silentLog } from '../../support/fixtures.ts'

const OWN = eni('eni-0a')
const KEY = { table: rtb('rtb-0a'), vip: parseDestination('10.99.0.10') }
const ROUTE: Route = {
  destination: KEY.vip,
  target: { kind: 'eni', eni: OWN, instance: undefined },
  state: 'active',
  origin: 'CreateRoute',
}
const IN_PLACE: Reading = {
  routes: [{ key: KEY, standing: { kind: 'in-place', route: ROUTE } }],
  claims: [],
  pins: [],
  unreachable: new Set(),
  checked: new Set(),
  date: 0,
}

test('a decision is logged when its condition changes, though its reason does not', async () => {
  const said: string[] = []
  const clock = settableClock()
  const agent = new Agent({
    instance: 'VI_1',
    eni: OWN,
    address: '10.0.1.11',
    keys: [KEY],
    settings: defaultSettings(5000),
    clock,
    counters: countersOf(new Map(), 'VI_1'),
    log: pino({}, { write: (line: string) => said.push(JSON.parse(line).msg) }),
    ports: { read: async () => IN_PLACE, write: async () => 'replaced', publish: async () => {} },
  })
  agent.deliver({ kind: 'state', state: 'MASTER', priority: 150, found: false })
  for (const at of [1000, 3000]) await clock.set(at)
  agent.stop()
  // Logs are written when what they tell of is on the wire.
  await new Promise((resolve) => setImmediate(resolve))
  expect(said.filter((text) => text.includes('is in place'))).toEqual([
    'VI_1 SWITCHING: we are MASTER 150; the route is in place',
    'VI_1 OK: we are MASTER 150; the route is in place',
  ])
})

test('a step after which the next thing is due as before sets no timer anew', async () => {
  const clock = settableClock()
  let timers = 0
  const agent = new Agent({
    instance: 'VI_1',
    eni: OWN,
    address: '10.0.1.11',
    keys: [KEY],
    settings: defaultSettings(5000),
    clock: {
      ...clock,
      sleep(ms, signal) {
        timers += 1
        return clock.sleep(ms, signal)
      },
    },
    counters: countersOf(new Map(), 'VI_1'),
    log: silentLog,
    ports: { read: async () => IN_PLACE, write: async () => 'replaced', publish: async () => {} },
  })
  agent.deliver({ kind: 'state', state: 'BACKUP', priority: 100, found: true })
  await clock.set(1)
  timers = 0
  for (let told = 0; told < 200; told++) agent.deliver({ kind: 'read-nearby' })
  expect(timers).toBe(0)
  // A tick that comes nearer is heeded.
  agent.deliver({ kind: 'state', state: 'MASTER', priority: 100, found: true })
  expect(timers).toBe(1)
  agent.stop()
})

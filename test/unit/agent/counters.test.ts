import { expect, onTestFinished, test, vi } from 'vitest'
import { Agent, type AgentPorts } from '../../../src/agent/agent.ts'
import { type Counts, countersOf } from '../../../src/agent/counters.ts'
import type { Reading } from '../../../src/core/protocol/inputs-and-effects.ts'
import { defaultSettings } from '../../../src/core/protocol/state.ts'
import type { Standing } from '../../../src/core/route.ts'
import { parseVip } from '../../../src/core/vip.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { eni, instanceId, rtb, silentLog } from '../../support/fixtures.ts'

const US = eni('eni-0a')
const KEY = { table: rtb('rtb-0a'), vip: parseVip('10.99.0.10') }
const ELSEWHERE: Standing = {
  kind: 'elsewhere',
  route: {
    destination: KEY.vip,
    target: { kind: 'instance', instance: instanceId('i-0a') },
    state: 'active',
    origin: 'CreateRoute',
  },
}
const READING: Reading = {
  routes: [{ key: KEY, standing: ELSEWHERE }],
  claims: [],
  pins: [],
  unreachable: new Set(),
  checked: new Set(),
  date: 0,
}
const MASTER = { kind: 'state', state: 'MASTER', priority: 150 } as const

function agentWith(ports: Partial<AgentPorts>) {
  const counts: Counts = new Map()
  const agent = new Agent({
    instance: 'VI_1',
    eni: US,
    address: '10.0.1.11',
    keys: [KEY],
    settings: defaultSettings(5000),
    ports: { read: async () => READING, write: async () => 'replaced', publish: async () => {}, ...ports },
    clock: systemClock,
    log: silentLog,
    counters: countersOf(counts, 'VI_1'),
  })
  onTestFinished(() => agent.stop())
  return { agent, counters: countersOf(counts, 'VI_1') }
}

test('counts transitions, and writes that were accepted', async () => {
  const { agent, counters } = agentWith({ read: () => new Promise(() => {}) })
  agent.deliver({ ...MASTER, found: false })
  agent.deliver({ ...MASTER, priority: 140, found: false })
  await vi.waitFor(() => expect(counters.writesAccepted).toBe(1))
  agent.deliver({ kind: 'state', state: 'BACKUP', priority: 140, found: false })
  const none = countersOf(new Map(), 'VI_1')
  expect(counters).toEqual({ ...none, transitions: 2, writesAccepted: 1 })
})

test('counts what is taken back from somebody else as a heal', async () => {
  const { agent, counters } = agentWith({})
  agent.deliver({ ...MASTER, found: true })
  await vi.waitFor(() => expect(counters).toMatchObject({ heals: 1, writesAccepted: 1 }))
})

test('counts what failed, but not what was ended', async () => {
  const reject = () => Promise.reject(new Error('no'))
  const { agent, counters } = agentWith({ read: reject, write: reject, publish: reject })
  agent.deliver({ ...MASTER, found: false })
  const failed = { writesFailed: 1, readsFailed: 1, publishesFailed: 1 }
  await vi.waitFor(() => expect(counters).toMatchObject(failed))
  agent.deliver({ kind: 'wake' })
  agent.stop()
  await new Promise(setImmediate)
  expect(counters).toMatchObject(failed)
})

test('an instance keeps its counters', () => {
  const counts: Counts = new Map()
  countersOf(counts, 'VI_1').heals += 1
  expect([countersOf(counts, 'VI_1').heals, countersOf(counts, 'VI_2').heals]).toEqual([1, 0])
})

/** Which transition hooks an agent's steps make due, and when. */
import { expect, onTestFinished, test } from 'vitest'
import { Agent } from '../../../../src/agent/agent.ts'
import { countersOf } from '../../../../src/agent/counters.ts'
import { type HookMark, hooksDue } from '../../../../src/agent/transition-hooks/hooks-due.ts'
import type { Claim, NodeState } from '../../../../src/core/claim.ts'
import type { Input, Reading } from '../../../../src/core/protocol/inputs-and-effects.ts'
import { defaultSettings } from '../../../../src/core/protocol/state.ts'
import type { RouteKey, Standing } from '../../../../src/core/route.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { eni, gate, rtb, settableClock, silentLog } from '../../../support/fixtures.ts'

const US = eni('eni-0a')
const THEM = eni('eni-0b')
const KEY = { table: rtb('rtb-0a'), vip: parseVip('10.99.0.10') }

/** Where the route points. */
function at(target: typeof US, state: 'active' | 'blackhole' = 'active'): Standing {
  const route = {
    destination: KEY.vip,
    target: { kind: 'eni', eni: target, instance: undefined },
    state,
    origin: 'CreateRoute',
  } as const
  return { kind: target === US && state === 'active' ? 'in-place' : 'elsewhere', route }
}

const reading = (standing: Standing, rest: Partial<Reading> = {}): Reading => ({
  routes: [{ key: KEY, standing }],
  claims: [],
  pins: [],
  unreachable: new Set(),
  checked: new Set(),
  date: 0,
  ...rest,
})
const OURS = reading(at(US))
const THEIRS = reading(at(THEM))

/** An agent whose world the test makes: what a read shows, and when a write is answered. */
function agentIn(world: { reading?: Reading; keys?: RouteKey[]; failover?: 'safe'; mark?: HookMark } = {}) {
  const clock = settableClock()
  const answered = gate()
  const ran: string[] = []
  let shown: Reading | undefined = world.reading ?? THEIRS
  let mark = world.mark
  const agent = new Agent({
    instance: 'VI_1',
    eni: US,
    address: '10.0.1.11',
    keys: world.keys ?? [KEY],
    settings: defaultSettings(5000, world.failover),
    clock,
    counters: countersOf(new Map(), 'VI_1'),
    log: silentLog,
    ports: {
      read: async () => shown ?? Promise.reject(new Error('no answer')),
      write: () => answered.opened,
      publish: async () => {},
    },
    onStep(state, input) {
      const step = hooksDue(mark, state, input)
      mark = step.mark
      ran.push(...(step.isTransition ? [`→ ${state.self.state}`] : []), ...step.due)
    },
  })
  onTestFinished(() => agent.stop())
  return {
    ran,
    mark: () => mark,
    show(next: Reading | undefined) {
      shown = next
    },
    /** EC2 answers what is written, now and later. */
    async answer() {
      answered.open()
      await clock.set(clock.now())
    },
    until: clock.set,
    async hear(state: NodeState, { found = false, priority = 150 } = {}) {
      const input: Input = { kind: 'state', state, priority, found }
      agent.deliver(input)
      await clock.set(clock.now())
    },
  }
}

test('master waits for EC2’s answer, owner for routes that stay', async () => {
  const node = agentIn()
  await node.hear('MASTER')
  expect(node.ran).toEqual(['→ MASTER'])
  node.show(OURS)
  await node.answer()
  expect(node.ran).toEqual(['→ MASTER', 'master'])
  await node.until(1000)
  await node.until(2999)
  expect(node.ran).toEqual(['→ MASTER', 'master'])
  await node.until(3000)
  expect(node.ran).toEqual(['→ MASTER', 'master', 'owner'])
  for (const later of [8000, 13_000]) await node.until(later)
  expect(node.ran).toEqual(['→ MASTER', 'master', 'owner'])
})

test('owner waits for a read that is not stale', async () => {
  const node = agentIn()
  await node.hear('MASTER')
  await node.answer()
  for (const now of [1000, 2000, 3000, 4000, 5000, 6000, 7000]) await node.until(now)
  expect(node.ran).toEqual(['→ MASTER', 'master'])
  node.show(OURS)
  for (const now of [10_000, 15_000]) await node.until(now)
  expect(node.ran).toEqual(['→ MASTER', 'master', 'owner'])
})

test('master waits for the write also where the tables have to be read first', async () => {
  const node = agentIn({ keys: [] })
  await node.hear('MASTER')
  expect(node.ran).toEqual(['→ MASTER'])
  await node.answer()
  expect(node.ran).toEqual(['→ MASTER', 'master'])
})

test('master waits no longer than an edge lasts for an EC2 that does not answer; owner waits on', async () => {
  const node = agentIn()
  node.show(undefined)
  await node.hear('MASTER')
  for (const now of [1000, 3000, 4999]) await node.until(now)
  expect(node.ran).toEqual(['→ MASTER'])
  await node.until(5000)
  expect(node.ran).toEqual(['→ MASTER', 'master'])
  for (const now of [10_000, 15_000]) await node.until(now)
  expect(node.ran).toEqual(['→ MASTER', 'master'])
})

test('nothing is due for a state that was found, and the next transition is one', async () => {
  const node = agentIn({ reading: OURS })
  await node.hear('MASTER', { found: true })
  for (const now of [1000, 5000, 10_000]) await node.until(now)
  expect(node.ran).toEqual([])
  await node.hear('BACKUP')
  expect(node.ran).toEqual(['→ BACKUP', 'backup'])
  expect(node.mark()).toMatchObject({ state: 'BACKUP', previous: 'MASTER' })
})

test('a state that was found is a transition where another was known before', async () => {
  const node = agentIn({ reading: OURS, mark: { state: 'BACKUP', previous: undefined, awaited: [] } })
  await node.hear('MASTER', { found: true })
  expect(node.ran).toEqual(['→ MASTER', 'master', 'owner'])
})

test('what an agent before was waiting for is due in the next one', async () => {
  const node = agentIn({ reading: OURS, mark: { state: 'MASTER', previous: 'BACKUP', awaited: ['owner'] } })
  await node.hear('MASTER', { found: true })
  expect(node.ran).toEqual(['owner'])
})

test('the other states are due at once, a new priority is none, and DELETED is as STOP', async () => {
  const node = agentIn()
  await node.hear('BACKUP')
  await node.hear('BACKUP', { priority: 50 })
  await node.hear('FAULT')
  await node.hear('STOP')
  await node.hear('DELETED')
  expect(node.ran).toEqual(['→ BACKUP', 'backup', '→ FAULT', 'fault', '→ STOP', 'stop'])
})

test('what was due of a MASTER that is none any more is forgotten', async () => {
  const node = agentIn()
  await node.hear('MASTER')
  await node.hear('BACKUP')
  await node.answer()
  node.show(OURS)
  for (const now of [1000, 5000, 60_000]) await node.until(now)
  expect(node.ran).toEqual(['→ MASTER', '→ BACKUP', 'backup'])
})

const refused: Standing = { kind: 'refused', reason: 'a NAT gateway’s', route: undefined }
const pin = { eni: THEM, since: 0, until: 3_600_000 }
test.each([
  ['one of the routes is somebody else’s', reading(refused)],
  ['they are pinned to another', reading(at(THEM), { pins: [pin] })],
  ['there is none', { ...OURS, routes: [] }],
])('owner is not due while %s', async (_, shown) => {
  const node = agentIn({ reading: shown })
  await node.answer()
  await node.hear('MASTER')
  for (const now of [1000, 3000, 5000, 10_000]) await node.until(now)
  expect(node.ran).toEqual(['→ MASTER', 'master'])
})

test('where failover is safe, owner waits until a higher claim has expired', async () => {
  const node = agentIn({
    failover: 'safe',
    reading: reading(at(THEM), { claims: [{ claim: claimOf('MASTER'), isUnreachable: false }] }),
  })
  await node.answer()
  await node.hear('MASTER', { priority: 100 })
  expect(node.ran).toEqual(['→ MASTER', 'master'])
  for (let now = 1000; now <= 15_000; now += 1000) await node.until(now)
  node.show(reading(at(US), { claims: [{ claim: claimOf('MASTER'), isUnreachable: false }] }))
  expect(node.ran).toEqual(['→ MASTER', 'master'])
  for (let now = 16_000; now <= 30_000; now += 1000) await node.until(now)
  expect(node.ran).toEqual(['→ MASTER', 'master', 'owner'])
})

function claimOf(state: NodeState): Claim {
  const at = new Date(0).toISOString()
  return { eni: THEM, state, priority: 150, address: '10.0.2.12', since: at, beat: at }
}

/** The transition hooks of a daemon: their order, and what a newer transition does to them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Counts, countersOf } from '../../../../src/agent/counters.ts'
import { TransitionHooks } from '../../../../src/agent/transition-hooks/daemon-hooks.ts'
import { parseConfig } from '../../../../src/config/load.ts'
import type { NodeState } from '../../../../src/core/claim.ts'
import { defaultSettings, initialState, type ProtocolState } from '../../../../src/core/protocol/state.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { systemClock } from '../../../../src/platform/clock.ts'
import { eni, rtb } from '../../../support/fixtures.ts'

const US = eni('eni-0a')

let directory: string
let counts: Counts
let said: { msg: string; output?: string }[]
let hooks: TransitionHooks

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-user-hooks-'))
  writeFileSync(join(directory, 'ran'), '')
  counts = new Map()
  said = []
  const log = pino({}, { write: (line: string) => said.push(JSON.parse(line)) })
  hooks = new TransitionHooks({ stateDirectory: directory, clock: systemClock, log, counts })
})
afterEach(async () => {
  await hooks.stop()
  rmSync(directory, { recursive: true })
})

const seen = (check: () => void) => vi.waitFor(check, 5000)

/** What the hooks have written, line by line. */
const ran = () => readFileSync(join(directory, 'ran'), 'utf8').split('\n').filter(Boolean)

/** A config whose hooks are these scripts; `say WORD` writes it down. */
function configOf(scripts: Readonly<Record<string, string>>) {
  const say = `say() { echo "$*" >>${join(directory, 'ran')}; }; `
  const each = Object.entries(scripts).map(([event, script]) => [event, { run: ['/bin/sh', '-c', say + script] }])
  const instance = { vips: ['10.99.0.10', '10.98.0.0/24'], routeTables: ['rtb-0a'], hooks: Object.fromEntries(each) }
  const config = parseConfig(JSON.stringify({ cluster: 'db', instances: { VI_1: instance } }))
  if (Array.isArray(config)) throw new Error(JSON.stringify(config))
  return config
}

function stateOf(state: NodeState, rest: Partial<ProtocolState> = {}): ProtocolState {
  const keys = ['rtb-0a', 'rtb-0b', 'rtb-0a'].map((table) => ({ table: rtb(table), vip: parseVip('10.99.0.10') }))
  const known = initialState(defaultSettings(5000), { eni: US, address: '10.0.1.11', keys }, { monotonic: 0, wall: 0 })
  return { ...known, self: { ...known.self, state, priority: 150 }, ...rest }
}

const OWNER: ProtocolState['decision'] = {
  intended: US,
  action: 'none',
  due: [],
  condition: 'OK',
  reason: 'we are MASTER 150; all 2 routes are in place',
  conflict: false,
}

function hear(config: ReturnType<typeof configOf>, state: NodeState, rest?: Partial<ProtocolState>) {
  hooks.observe(config, 'VI_1', stateOf(state, rest), { kind: 'state', state, priority: 150, found: false })
}

test('a hook is told what has happened', async () => {
  const config = configOf({ owner: 'env | grep ^VIP_SWITCH_ | grep -v TEST | sort >&2; say done' })
  hear(config, 'BACKUP')
  hear(config, 'MASTER', { decision: OWNER })
  await seen(() => expect(countersOf(counts, 'VI_1').hooksDone).toBe(1))
  expect(said.at(-1)?.output?.split('\n')).toEqual([
    'VIP_SWITCH_ADDRESS=10.0.1.11',
    'VIP_SWITCH_CLUSTER=db',
    'VIP_SWITCH_CONDITION=OK',
    'VIP_SWITCH_ENI=eni-0a',
    'VIP_SWITCH_EVENT=owner',
    'VIP_SWITCH_INSTANCE=VI_1',
    'VIP_SWITCH_OWNER=eni-0a',
    'VIP_SWITCH_PREVIOUS_STATE=BACKUP',
    'VIP_SWITCH_PRIORITY=150',
    'VIP_SWITCH_REASON=we are MASTER 150; all 2 routes are in place',
    'VIP_SWITCH_ROUTE_TABLES=rtb-0a rtb-0b',
    'VIP_SWITCH_STATE=MASTER',
    'VIP_SWITCH_VIPS=10.99.0.10 10.98.0.0/24',
  ])
})

test('owner waits for master to end', async () => {
  const config = configOf({ master: 'say master begins; sleep 0.3; say master ends', owner: 'say owner' })
  hear(config, 'MASTER', { decision: OWNER })
  await seen(() => expect(ran()).toEqual(['master begins', 'master ends', 'owner']))
})

test('a newer transition ends what runs, forgets what waits, and its own hook begins when that is gone', async () => {
  const config = configOf({
    master: `trap 'say master ends; exit' TERM; say master begins; sh -c 'sleep 60' & wait`,
    owner: 'say owner',
    backup: 'say backup',
  })
  hear(config, 'MASTER', { decision: OWNER })
  await seen(() => expect(ran()).toEqual(['master begins']))
  hear(config, 'BACKUP')
  await seen(() => expect(ran()).toEqual(['master begins', 'master ends', 'backup']))
  await seen(() => expect(countersOf(counts, 'VI_1')).toMatchObject({ hooksDone: 1, hooksEnded: 1 }))
  expect(said.map(({ msg }) => msg)).toEqual([
    'VI_1, hook master: starts',
    'VI_1, hook master: ended, VI_1 has become BACKUP',
    'VI_1, hook owner: not run, VI_1 has become BACKUP',
    'VI_1, hook backup: starts',
    'VI_1, hook backup: done',
  ])
})

test('a transition without a hook of its own ends that of the one before, too', async () => {
  const config = configOf({ backup: 'say backup; sleep 60' })
  hear(config, 'BACKUP')
  await seen(() => expect(ran()).toEqual(['backup']))
  hear(config, 'FAULT')
  await seen(() => expect(countersOf(counts, 'VI_1').hooksEnded).toBe(1))
})

test('one that fails is logged with what it said, counted, and keeps no other from being run', async () => {
  const config = configOf({ master: 'echo no such host >&2; exit 7', owner: 'say owner' })
  hear(config, 'MASTER', { decision: OWNER })
  await seen(() => expect(countersOf(counts, 'VI_1')).toMatchObject({ hooksDone: 1, hooksFailed: 1 }))
  expect(ran()).toEqual(['owner'])
  expect(said).toContainEqual(
    expect.objectContaining({ level: 50, msg: 'VI_1, hook master: exit code 7', exitCode: 7, output: 'no such host' }),
  )
})

test('the daemon’s end ends them', async () => {
  const config = configOf({ stop: 'say stop; sleep 60' })
  hear(config, 'STOP')
  await seen(() => expect(ran()).toEqual(['stop']))

  await hooks.stop()
  expect(said.at(-1)?.msg).toBe('VI_1, hook stop: ended, the daemon stops')
})

/** Overviews for the tests of what is made of them: a screen, a line, metrics. */
import { countersOf } from '../../src/agent/counters.ts'
import type { InstanceOverview, NodeOverview, Overview, RouteOverview } from '../../src/core/overview.ts'
import type { TargetFacts } from '../../src/core/route.ts'
import { parseVip } from '../../src/core/vip.ts'
import { eni, instanceId, rtb } from './fixtures.ts'

export const DB1 = eni('eni-06972ddd891f3c78e')
export const DB2 = eni('eni-075ceebc47bd70e98')
const VIP = parseVip('10.99.0.10')
const SINCE = '2026-11-23T01:02:03.000Z'

export const route = (name: string, change: Partial<RouteOverview> = {}): RouteOverview => ({
  key: { table: rtb(name === 'private-a' ? 'rtb-0ab15050754f6a007' : 'rtb-0e5c0d5f303f1c4ec'), vip: VIP },
  tableName: name,
  place: 'in-place',
  route: {
    destination: VIP,
    target: { kind: 'eni', eni: DB1, instance: undefined },
    state: 'active',
    origin: 'CreateRoute',
  },
  ...change,
})

export const node = (change: Partial<NodeOverview> = {}): NodeOverview => ({
  eni: DB1,
  state: 'MASTER',
  priority: 150,
  since: SINCE,
  liveness: 'unknown',
  isHere: false,
  published: undefined,
  ...change,
})

export const BACKUP = node({ eni: DB2, state: 'BACKUP', priority: 100 })

export const COUNTERS = countersOf(new Map(), 'VI_1')

/** All is well: db-1 is MASTER, and has the routes. */
export function instance(change: Partial<InstanceOverview> = {}): InstanceOverview {
  return {
    name: 'VI_1',
    condition: 'OK',
    reason: `the routes belong to ${DB1}, MASTER 150; all 2 routes are in place`,
    routes: [route('private-a'), route('private-c')],
    nodes: [node(), BACKUP],
    doubts: [],
    intended: DB1,
    masters: 1,
    pin: undefined,
    problems: [],
    details: [],
    daemon: undefined,
    lastTransition: undefined,
    ...change,
  }
}

export const FACTS = new Map<string, TargetFacts>([
  [DB1, { instance: instanceId('i-0a'), name: 'db-1', zone: 'ap-northeast-1a', isRunning: true }],
  [DB2, { instance: instanceId('i-0b'), name: 'db-2', zone: 'ap-northeast-1c', isRunning: true }],
])

/** From a laptop, an hour after db-1 became MASTER. */
export function overview(change: Partial<Overview> = {}): Overview {
  return {
    cluster: 'db',
    region: 'ap-northeast-1',
    date: Date.parse(SINCE) + 3_600_000,
    readAge: 0,
    control: '/run/vip-switch/control.sock',
    daemon: { kind: 'none' },
    here: undefined,
    details: [],
    instances: [instance()],
    facts: FACTS,
    troubles: [],
    notes: [],
    ...change,
  }
}

/** Views of one node, us, for what is decided by them. */
import type { Claim, NodeState } from '../../src/core/claim.ts'
import type { NodeView, ObservedClaim, ObservedRoute } from '../../src/core/decide.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Liveness } from '../../src/core/liveness.ts'
import { type Standing, standingOf } from '../../src/core/route.ts'
import type { Target } from '../../src/core/route-target.ts'
import { parseVip } from '../../src/core/vip.ts'
import { eni, instanceId, rtb, tableWith } from './fixtures.ts'

export const US = eni('eni-0a')
export const THEM = eni('eni-0b')
export const THIRD = eni('eni-0c')
export const VIP = parseVip('10.99.0.10')
export const TO_TOOL: Target = { kind: 'instance', instance: instanceId('i-0a') }
export const TO_NAT: Target = { kind: 'other', id: 'nat-0a' }

export const to = (id: EniId): Target => ({ kind: 'eni', eni: id, instance: undefined })

export function claim(id: EniId, state: NodeState, priority: number | undefined, address = '10.0.0.1'): Claim {
  return { eni: id, state, priority, address, since: '2026-11-23T01:02:03.000Z', beat: '2026-11-23T01:02:03.000Z' }
}

export function standing(target: Target | undefined, state: 'active' | 'blackhole' = 'active'): Standing {
  const routes = target ? [{ destination: VIP, target, state, origin: 'CreateRoute' }] : []
  return standingOf(tableWith(routes), VIP, US, { createMissing: true, takeOver: [] })
}

export const routes = (...standings: readonly Standing[]): ObservedRoute[] =>
  standings.map((each, index) => ({ key: { table: rtb(`rtb-${index + 1}`), vip: VIP }, standing: each }))

export const other = (liveness: Liveness, of: Claim = claim(THEM, 'MASTER', 150)): ObservedClaim => ({
  claim: of,
  liveness,
})

/** We are the only MASTER, of priority 100, and the route is ours. */
export function view(change: Partial<NodeView> = {}): NodeView {
  return {
    self: claim(US, 'MASTER', 100),
    isUnreachable: false,
    mute: false,
    others: [],
    isPersistent: false,
    isAbandoned: false,
    pin: undefined,
    routes: routes(standing(to(US))),
    ...change,
  }
}

export const pinTo = (id: EniId) => ({ eni: id, since: 0, until: 1 })
export const AWAY = routes(standing(to(THEM)))

/** The environment variables of a transition hook. */
import type { InstanceConfig } from '../../config/schema.ts'
import type { TransitionHookEvent } from '../../config/transition-hooks.ts'
import type { NodeState } from '../../core/claim.ts'
import type { Decision } from '../../core/decide.ts'
import type { EniId, RouteTableId } from '../../core/ids.ts'
import { vipText } from '../../core/vip.ts'

export type HookSubject = {
  readonly event: TransitionHookEvent
  readonly cluster: string
  readonly instance: string
  readonly vips: InstanceConfig['vips']
  readonly self: {
    readonly state: NodeState
    /** The rest as far as known. */
    readonly priority: number | undefined
    readonly eni: EniId | undefined
    readonly address: string | undefined
  }
  /** The previous state, if it was seen. */
  readonly previous: NodeState | undefined
  /** As far as known. */
  readonly tables: readonly RouteTableId[]
  /** Undefined until something was read. */
  readonly decision:
    | ({ readonly intended: EniId | undefined } & Partial<Pick<Decision, 'condition' | 'reason'>>)
    | undefined
}

/** VIP_SWITCH_* variables; unknown values are empty, and lists are separated by spaces. */
export function factsFor(subject: HookSubject): Readonly<Record<string, string>> {
  const { event, cluster, instance, vips, self, previous, tables, decision } = subject
  const facts = {
    EVENT: event,
    CLUSTER: cluster,
    INSTANCE: instance,
    STATE: self.state,
    PREVIOUS_STATE: previous ?? '',
    PRIORITY: `${self.priority ?? ''}`,
    ENI: self.eni ?? '',
    ADDRESS: self.address ?? '',
    VIPS: vips.map(vipText).join(' '),
    ROUTE_TABLES: [...new Set(tables)].join(' '),
    OWNER: decision?.intended ?? '',
    CONDITION: decision?.condition ?? '',
    REASON: decision?.reason ?? '',
  }
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [`VIP_SWITCH_${name}`, value]))
}

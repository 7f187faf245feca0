/** Output of `vip-switch reconcile --once`: what a freshly started daemon would do. */
import type { NodeState } from '../../core/claim.ts'
import type { Decision } from '../../core/decide.ts'
import type { EniId } from '../../core/ids.ts'
import { destinationText } from '../../core/vip.ts'
import { asJson, forPeople, type Printable } from '../../terminal/print.ts'
import { styleOf } from '../../terminal/style.ts'
import { table, widthOf } from '../../terminal/table.ts'

export type Decided = {
  readonly eni: EniId
  readonly instances: readonly {
    readonly name: string
    /** keepalived's state on this node. */
    readonly state: NodeState
    readonly priority: number | undefined
    readonly decision: Decision
  }[]
}

/** @param width terminal columns */
export const decisionsText = forPeople(({ instances }: Decided, width: number = widthOf(process.stdout)) => {
  const { bold } = styleOf(process.stdout)
  const rows = instances.map(({ name, decision }) => [name, bold(decision.condition), decision.reason])
  return table(rows, undefined, width)
})

/** The same as JSON, version 1; see docs/json.md. */
export function decisionsJson({ eni, instances }: Decided, cluster: string): Printable {
  const told = instances.map(({ name, state, priority, decision: { condition, action, intended, due, reason } }) => ({
    name,
    state,
    priority: priority ?? null,
    condition,
    action,
    intended: intended ?? null,
    due: due.map((key) => ({ vip: destinationText(key.vip), table: key.table })),
    reason,
  }))
  return asJson({ version: 1, cluster, here: eni, instances: told })
}

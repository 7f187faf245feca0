/** What keepalived itself holds for true. */
import type { NodeState } from '../../core/claim.ts'

/** A VRRP instance. */
export type InstanceStatus = {
  readonly name: string
  /** UNKNOWN: keepalived has not decided yet (INIT), or the members of a sync group differ. */
  readonly state: NodeState
  readonly wantState: NodeState
  /** 1–255. */
  readonly effectivePriority: number
  /** The source of its adverts; undefined where keepalived does not tell. */
  readonly address: string | undefined
  /** Milliseconds since the epoch, by keepalived's clock; undefined before the first. */
  readonly lastTransition: number | undefined
  /** How often it became MASTER since keepalived started; undefined where keepalived does not tell. */
  readonly becomeMaster: number | undefined
}

/** A sync group. */
export type GroupStatus = Pick<InstanceStatus, 'name' | 'state' | 'effectivePriority' | 'address'> & {
  readonly members: readonly string[]
}

/** The group is in the state that all its members are in, with the lowest of their priorities. */
export function groupStatus(name: string, members: readonly [InstanceStatus, ...InstanceStatus[]]): GroupStatus {
  const [{ state, address }] = members
  return {
    name,
    state: members.every((member) => member.state === state) ? state : 'UNKNOWN',
    effectivePriority: Math.min(...members.map(({ effectivePriority }) => effectivePriority)),
    address: members.every((member) => member.address === address) ? address : undefined,
    members: members.map((member) => member.name),
  }
}

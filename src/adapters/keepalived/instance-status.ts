/** The state of VRRP instances, according to keepalived itself. */
import type { NodeState } from '../../core/claim.ts'

/** A VRRP instance. */
export type InstanceStatus = {
  readonly name: string
  /** UNKNOWN: keepalived has not decided yet (INIT), or the members of a sync group differ. */
  readonly state: NodeState
  readonly wantState: NodeState
  /** 1–255. */
  readonly effectivePriority: number
  /** The source address of its adverts, if keepalived tells it. */
  readonly address: string | undefined
  /** Milliseconds since the epoch, by keepalived's clock; undefined before the first transition. */
  readonly lastTransition: number | undefined
  /** How often it became MASTER since keepalived started, if keepalived tells it. */
  readonly becomeMaster: number | undefined
}

/** A sync group. */
export type GroupStatus = Pick<InstanceStatus, 'name' | 'state' | 'effectivePriority' | 'address'> & {
  readonly members: readonly string[]
}

/** A group has the state that all its members share, and the lowest of their priorities. */
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

/** Claims: what each node last published about one VRRP instance. */
import ipaddr from 'ipaddr.js'
import type { EniId } from './ids.ts'

export const NODE_STATES = ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED', 'UNKNOWN'] as const

export type NodeState = (typeof NODE_STATES)[number]

export type Claim = {
  /** The node's own ENI: what carries the claim, and what the node would write. */
  readonly eni: EniId
  readonly state: NodeState
  /** Effective priority, 1–255; undefined where nobody knows it. */
  readonly priority: number | undefined
  /** VRRP source address. */
  readonly address: string
  /** When the state was entered, by the node's own clock: for people alone. */
  readonly since: string
  /** Compared for change and nothing else: no clock of another node is ever compared with ours. */
  readonly beat: string
}

/**
 * VRRP's own election (RFC 5798, 6.4): the highest priority, then the highest address. A priority that nobody knows
 * loses to any that is known. The id of the ENI makes the order total.
 */
export function compareClaims(a: Claim, b: Claim): number {
  return (
    (a.priority ?? 0) - (b.priority ?? 0) ||
    compareAddresses(a.address, b.address) ||
    (a.eni < b.eni ? -1 : Number(a.eni > b.eni))
  )
}

/** The contender that VRRP itself would elect. */
export function elect(contenders: readonly Claim[]): Claim | undefined {
  return contenders.reduce<Claim | undefined>(
    (best, contender) => (best && compareClaims(best, contender) >= 0 ? best : contender),
    undefined,
  )
}

/** As numbers, byte by byte; IPv4 before IPv6. An address that is none is the lowest. */
function compareAddresses(a: string, b: string): number {
  const [left, right] = [bytesOf(a), bytesOf(b)]
  if (left.length !== right.length) return left.length - right.length
  const differing = left.findIndex((byte, index) => byte !== right[index])
  return differing < 0 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0)
}

function bytesOf(address: string): number[] {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toByteArray() : []
}

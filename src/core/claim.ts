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
 * A claim or a pin that cannot be understood: anybody who may write tags can write one. Its node is no contender. It may be
 * MASTER, but nobody can tell its rank, and whoever waited for it could be kept from every route by a tag. A daemon that
 * lives writes its own claim again within seconds, so a claim that stays like this is no living daemon's. It is told to
 * people, beside its node.
 */
export type Doubt = {
  /** What carries it. */
  readonly eni: EniId
  readonly of: 'claim' | 'pin'
  /** What is wrong with it: a part of a sentence. */
  readonly why: string
}

/** As one sentence. */
export function doubtText({ eni, of, why }: Doubt): string {
  return `the ${of} of ${eni} cannot be understood: ${why}`
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

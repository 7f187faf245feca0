/** Claims: what each node last published about a VRRP instance. */
import ipaddr from 'ipaddr.js'
import type { EniId } from './ids.ts'

export const NODE_STATES = ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED', 'UNKNOWN'] as const

export type NodeState = (typeof NODE_STATES)[number]

export type Claim = {
  /** The node's own ENI, which carries the claim and is the target of the node's writes. */
  readonly eni: EniId
  readonly state: NodeState
  /** Effective priority, 1–255, if known. */
  readonly priority: number | undefined
  /** VRRP source address. */
  readonly address: string
  /** When the state was entered, by the node's own clock; only for people. */
  readonly since: string
  /** Only compared for change: another node's clock is never compared with ours. */
  readonly beat: string
}

/**
 * An invalid claim or pin: anybody who may write tags can write one. Its node is not a contender. It may be MASTER, but
 * its rank is unknown, and if nodes waited for it, a forged tag could keep them from every route. A live daemon
 * rewrites its own claim within seconds, so a claim that stays invalid is not from a live daemon. It is reported to
 * people, next to its node.
 */
export type Doubt = {
  /** The ENI it is on. */
  readonly eni: EniId
  readonly of: 'claim' | 'pin'
  /** What is wrong with it, as part of a sentence. */
  readonly why: string
}

/** As a sentence. */
export function doubtText({ eni, of, why }: Doubt): string {
  return `the ${of} of ${eni} is invalid: ${why}`
}

/**
 * VRRP's own election (RFC 5798, 6.4): highest priority, then highest address. An unknown priority loses to any known
 * one. The ENI id makes the order total.
 */
export function compareClaims(a: Claim, b: Claim): number {
  return (
    (a.priority ?? 0) - (b.priority ?? 0) ||
    compareAddresses(a.address, b.address) ||
    (a.eni < b.eni ? -1 : Number(a.eni > b.eni))
  )
}

/** The contender that VRRP would elect. */
export function elect(contenders: readonly Claim[]): Claim | undefined {
  return contenders.reduce<Claim | undefined>(
    (best, contender) => (best && compareClaims(best, contender) >= 0 ? best : contender),
    undefined,
  )
}

/** Compares addresses numerically, IPv4 before IPv6. Invalid addresses sort lowest. */
function compareAddresses(a: string, b: string): number {
  const [left, right] = [bytesOf(a), bytesOf(b)]
  if (left.length !== right.length) return left.length - right.length
  const differing = left.findIndex((byte, index) => byte !== right[index])
  return differing < 0 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0)
}

function bytesOf(address: string): number[] {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toByteArray() : []
}

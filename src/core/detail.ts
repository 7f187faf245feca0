/** Details: what needs a look, though the condition may well be OK. Each is a WARNING of its own. */

/**
 * - `host`: of this host, whatever the VRRP instance; its daemon tells
 * - `daemon`: of a VRRP instance; this host's daemon tells
 * - `ec2`: of a VRRP instance; anyone who reads EC2 sees it
 */
type DetailSource = 'host' | 'daemon' | 'ec2'

export const DETAIL_KINDS = ['external-writer', 'source-dest-check', 'state-not-saved'] as const

export type DetailKind = (typeof DETAIL_KINDS)[number]

/** Who tells of each kind. */
const DETAIL_SOURCES: Readonly<Record<DetailKind, DetailSource>> = {
  /** Something other than the cluster's nodes keeps changing a route. */
  'external-writer': 'daemon',
  /** A node's interface drops what is for the VIP. */
  'source-dest-check': 'ec2',
  /** The daemon cannot write to its state directory. */
  'state-not-saved': 'host',
}

export function detailKindsFrom(...sources: readonly DetailSource[]): readonly DetailKind[] {
  return DETAIL_KINDS.filter((kind) => sources.includes(DETAIL_SOURCES[kind]))
}

export type Detail = {
  readonly kind: DetailKind
  /** For people. Nodes are named by their ENI; it stays the same while nothing changes, since each new one is logged. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string | undefined
}

/** The details of a host, by their kind: set while they hold, deleted when they no longer do. */
export type HostDetails = Map<DetailKind, Detail>

/** Those that have come, or whose message has changed. */
export function newDetails(before: readonly Detail[], after: readonly Detail[]): readonly Detail[] {
  if (before === after) return []
  return after.filter(({ kind, message }) => !before.some((each) => each.kind === kind && each.message === message))
}

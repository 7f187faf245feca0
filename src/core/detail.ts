/** Details: problems that need attention even if the condition is OK. Each is a WARNING of its own. */

/**
 * - `host`: about this host, regardless of VRRP instance; reported by its daemon
 * - `daemon`: about a VRRP instance; reported by this host's daemon
 * - `ec2`: about a VRRP instance; visible to anyone who reads EC2
 */
type DetailSource = 'host' | 'daemon' | 'ec2'

export const DETAIL_KINDS = ['external-writer', 'source-dest-check', 'state-not-saved'] as const

export type DetailKind = (typeof DETAIL_KINDS)[number]

/** The source of each kind. */
const DETAIL_SOURCES: Readonly<Record<DetailKind, DetailSource>> = {
  /** Something other than the cluster's nodes keeps changing a route. */
  'external-writer': 'daemon',
  /** A node's interface drops traffic for the VIP. */
  'source-dest-check': 'ec2',
  /** The daemon cannot write to its state directory. */
  'state-not-saved': 'host',
}

export function detailKindsFrom(...sources: readonly DetailSource[]): readonly DetailKind[] {
  return DETAIL_KINDS.filter((kind) => sources.includes(DETAIL_SOURCES[kind]))
}

export type Detail = {
  readonly kind: DetailKind
  /** For people. Refers to nodes by ENI; stable while nothing changes, since each new message is logged. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string | undefined
}

/** A host's details by kind, present while they apply. */
export type HostDetails = Map<DetailKind, Detail>

/** Details that are new or whose message has changed. */
export function newDetails(before: readonly Detail[], after: readonly Detail[]): readonly Detail[] {
  if (before === after) return []
  return after.filter(({ kind, message }) => !before.some((each) => each.kind === kind && each.message === message))
}

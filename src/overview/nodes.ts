/** A cluster's nodes by their claims for one VRRP instance, as seen by an onlooker. */

import type { WitnessReport } from '../adapters/witness/witness.ts'
import type { InstanceStatus } from '../agent/control/status.ts'
import type { Claim } from '../core/claim.ts'
import type { ObservedClaim } from '../core/decide.ts'
import type { EniId } from '../core/ids.ts'
import type { Liveness } from '../core/liveness.ts'
import type { NodeOverview } from '../core/overview.ts'
import type { TargetFacts } from '../core/route.ts'
import type { OwnClaim } from './host.ts'

/** What is known about the nodes besides their tags. */
export type Knowledge = {
  /** This host's ENI and claim, if it is a node. */
  readonly here: EniId | undefined
  readonly own: OwnClaim | undefined
  /** The other nodes as watched by this host's daemon. */
  readonly told: InstanceStatus | undefined
  /** What repeated looks have shown of a claim. */
  readonly watched: (eni: EniId) => Liveness
  readonly isUnreachable: (eni: EniId) => boolean
}

type ObservedNode = ObservedClaim & Pick<NodeOverview, 'published'>

/** Every node with a claim, and this one, whose own claim outranks its tag. */
export function observedNodes(claims: readonly Claim[], knowledge: Knowledge): ObservedNode[] {
  const { here, own } = knowledge
  const others = claims
    .filter(({ eni }) => eni !== here || !own)
    .map((claim) => ({ claim, liveness: livenessOf(claim, knowledge), published: undefined }))
  if (!here || !own) return others
  const tag = claims.find(({ eni }) => eni === here)
  const isPublished = tag?.state === own.state
  const claim: Claim = {
    eni: here,
    state: own.state,
    priority: own.priority,
    address: tag?.address ?? '',
    since: own.since ?? (isPublished ? tag.since : ''),
    beat: own.beat ?? tag?.beat ?? '',
  }
  const liveness = knowledge.isUnreachable(here) ? 'unreachable' : 'alive'
  return [{ claim, liveness, published: isPublished ? undefined : (tag?.state ?? 'nothing') }, ...others]
}

function livenessOf({ eni, beat }: Claim, { told, watched, isUnreachable }: Knowledge): Liveness {
  if (isUnreachable(eni)) return 'unreachable'
  const liveness = watched(eni)
  if (liveness === 'alive') return 'alive'
  const other = told?.others.find((each) => each.eni === eni)
  if (!other) return liveness
  // The beat is so new that the daemon has not seen it yet.
  return other.beat === beat ? other.liveness : 'alive'
}

export function nodeOverviews(nodes: readonly ObservedNode[], here: EniId | undefined): NodeOverview[] {
  return nodes.map(({ claim: { eni, state, priority, since }, liveness, published }) => ({
    eni,
    state,
    priority,
    since,
    liveness,
    isHere: eni === here,
    published,
  }))
}

/**
 * Whether an ENI can carry traffic. If its instance is known to run, a route that says `blackhole` is a late report; if it
 * is known not to run, that alone settles it.
 */
export function unreachableOf(
  testimony: WitnessReport | undefined,
  blackholes: readonly EniId[],
  facts: ReadonlyMap<string, TargetFacts>,
): (eni: EniId) => boolean {
  return (eni) => {
    if (testimony?.detached.has(eni)) return true
    const isRunning = facts.get(eni)?.isRunning
    return isRunning === undefined ? blackholes.includes(eni) : !isRunning
  }
}

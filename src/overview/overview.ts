/** The state of the cluster, gathered from EC2 and from this host's daemon, or keepalived if no daemon answers. */

import type { WitnessReport } from '../adapters/witness/witness.ts'
import { detailsOf, type InstanceStatus } from '../agent/control/status.ts'
import { onlyVpc } from '../agent/node/nodes-vpc.ts'
import { blackholes } from '../agent/node/reading.ts'
import type { CallContext } from '../agent/node/route-port.ts'
import { claimTtlOf } from '../config/claim-ttl.ts'
import type { Config, InstanceConfig } from '../config/schema.ts'
import { type Claim, compareClaims } from '../core/claim.ts'
import { assess, type Condition } from '../core/decide.ts'
import { type Detail, detailKindsFrom } from '../core/detail.ts'
import type { EniId } from '../core/ids.ts'
import { type Liveness, livenessOf, NO_OBSERVATIONS, type Observations, observe } from '../core/liveness.ts'
import type { DaemonOverview, InstanceOverview, LastTransition, Overview } from '../core/overview.ts'
import { judgePins } from '../core/pin.ts'
import { sourceDestChecks } from '../core/source-dest-check.ts'
import type { Clock } from '../platform/clock.ts'
import { type ClusterSnapshot, createClusterReader } from './cluster-reader.ts'
import { type Host, lookAtHost } from './host.ts'
import { nodeOverviews, observedNodes, unreachableOf } from './nodes.ts'
import { observedRoutes, routeOverviews, tablesOf } from './routes.ts'

export type Observer = {
  /** Never rejects: what cannot be read is UNKNOWN. */
  look(context: CallContext): Promise<Overview>
}

/**
 * Looks at some of the config's instances, without writing anything. Repeated looks show which claims are alive.
 * @param everyMs milliseconds between looks
 * @param lastTransitions reads them from this host's history; by default, they are not shown
 */
export function createObserver(
  config: Config,
  names: readonly string[],
  clock: Clock,
  everyMs: number,
  lastTransitions: (names: readonly string[]) => ReadonlyMap<string, LastTransition> = () => new Map(),
): Observer {
  const reader = createClusterReader(config, names)
  const memory = new Map<string, Observations>()
  let readAt: number | undefined
  const ttlMs = claimTtlOf(config)

  function watch(name: string, claims: readonly Claim[]): (eni: EniId) => Liveness {
    const beats = new Map(claims.map(({ eni, beat }) => [eni, beat]))
    const observations = observe(memory.get(name) ?? NO_OBSERVATIONS, beats, clock.now(), everyMs)
    memory.set(name, observations)
    return (eni) => {
      const track = observations.tracks.get(eni)
      return track ? livenessOf(track, clock.now(), ttlMs) : 'unknown'
    }
  }

  return {
    async look(context) {
      const host = await lookAtHost(config)
      const snapshot = await reader.look(host.eni ? [host.eni] : [], context)
      const { region, testimonies, facts, troubles } = snapshot
      if (troubles.length === 0) readAt = clock.now()
      const transitions = lastTransitions(names)
      const dates = [...(testimonies?.values() ?? [])].map(({ date }) => date)
      const instances = names.flatMap((name) => {
        const instance = config.instances[name]
        if (!instance) return []
        const claims = testimonies?.get(name)?.claims.map(({ claim }) => claim) ?? []
        const watched = testimonies ? watch(name, claims) : () => 'unknown' as const
        const lastTransition = transitions.get(name)
        const of = { ...instance, vpc: config.vpc }
        return [{ ...instanceOverview(name, of, host, snapshot, claims, watched), lastTransition }]
      })
      return {
        cluster: config.cluster,
        region,
        date: Math.max(0, ...dates) || clock.wall(),
        readAge: readAt === undefined ? undefined : clock.now() - readAt,
        control: config.control,
        daemon: host.daemon,
        here: host.eni,
        details: host.details,
        instances,
        facts,
        troubles,
        notes: [...host.notes, ...snapshot.notes],
      }
    },
  }
}

function instanceOverview(
  name: string,
  config: InstanceConfig & Pick<Config, 'vpc'>,
  host: Host,
  { tables, testimonies, facts, troubles }: ClusterSnapshot,
  claims: readonly Claim[],
  watched: (eni: EniId) => Liveness,
): Omit<InstanceOverview, 'lastTransition'> {
  const vpc = vpcOf(host.eni, testimonies, facts)
  const { tables: own, problems } = tablesOf(tables ?? [], config, config.vpc ?? vpc)
  const testimony = testimonies?.get(name)
  const told = host.instances.get(name)
  const isUnreachable = unreachableOf(testimony, blackholes(own, config.vips), facts)
  const observed = observedNodes(claims, { here: host.eni, own: host.claims.get(name), told, watched, isUnreachable })
  // In the order in which VRRP would elect them.
  const nodes = observed.sort((a, b) => compareClaims(b.claim, a.claim))
  const { valid: pin, ignored } = judgePins(testimony?.pins ?? [], testimony?.date ?? 0, isUnreachable)
  const routes = observedRoutes(own, config, vpc)
  // A single look cannot show this, but this host's daemon has watched the routes.
  const isAbandoned = told?.decision?.condition === 'NO-MASTER'
  const { condition, reason, masters, ...outlook } = assess({ others: nodes, pin, routes, isAbandoned })
  const intended = testimonies && outlook.intended
  const judged = claims.map((claim) => ({ claim, isUnreachable: isUnreachable(claim.eni) }))
  const checks = testimony ? sourceDestChecks(judged, testimony.checked) : []
  const obstacles = [...troubles.map(({ message }) => message), ...(own.length === 0 && tables ? problems : [])]
  return {
    name,
    condition: obstacles.length > 0 ? 'UNKNOWN' : (switching(told) ?? condition),
    reason: obstacles.length > 0 ? obstacles.join('; ') : [reason, ...ignored].join('; '),
    routes: routeOverviews(routes, own, config, intended),
    nodes: nodeOverviews(nodes, host.eni),
    doubts: testimony?.doubts ?? [],
    intended,
    masters,
    pin,
    problems: tables ? problems : [],
    details: [...detailsBy(told, testimony), ...checks],
    daemon: told && daemonView(told),
  }
}

/** The VPC of this node, or else of all that have a claim or a pin; undefined if it is not known. */
function vpcOf(
  here: EniId | undefined,
  testimonies: ClusterSnapshot['testimonies'],
  facts: ClusterSnapshot['facts'],
): string | undefined {
  return (here && facts.get(here)?.vpc) ?? onlyVpc(testimonies?.values() ?? [])
}

/** The details that this host's daemon reports, except those visible in EC2, for which this look is more current. */
function detailsBy(told: InstanceStatus | undefined, testimony: WitnessReport | undefined): readonly Detail[] {
  const details = told ? detailsOf(told) : []
  const seenHere = testimony ? detailKindsFrom('ec2') : []
  return details.filter(({ kind }) => !seenHere.includes(kind))
}

/** A node that has just become MASTER knows more than an onlooker. */
function switching(told: InstanceStatus | undefined): Condition | undefined {
  return told?.edge ? 'SWITCHING' : undefined
}

export function daemonView({ mute, readAgeMs, decision, counters }: InstanceStatus): DaemonOverview {
  return {
    mute,
    readAge: readAgeMs ?? undefined,
    decision: decision ? { condition: decision.condition, reason: decision.reason } : undefined,
    counters,
  }
}

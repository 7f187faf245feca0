/** The daemon's answer to a status request. */
import type { Detail } from '../../core/detail.ts'
import { livenessOf } from '../../core/liveness.ts'
import type { Agent } from '../agent.ts'
import type { DaemonStatus, InstanceStatus } from '../control/status.ts'
import { type Counts, countersOf } from '../counters.ts'
import type { Node } from '../node/node.ts'

/** A node whose identity is known, and its agents. */
export type Acting = { readonly node: Node; readonly agents: ReadonlyMap<string, Agent> }
/** The live config's node and agents. Times in milliseconds since the epoch. */
export type Live = Acting & { readonly details: Iterable<Detail>; readonly loadedAt: number }
/** Why the config file was rejected, and since when. */
export type Rejection = { readonly reason: string; readonly since: number }

export function statusOf(
  { node: { config, eni: own, ec2, clock }, agents, details, loadedAt }: Live,
  counts: Counts,
  rejected: Rejection | undefined,
  credentialRenewals: number,
  seen: Pick<DaemonStatus, 'nodes' | 'tables'>,
): DaemonStatus {
  const instances = [...agents].map(([name, { state }]): InstanceStatus => {
    const { self, mute, pin, decision, edge, observations, settings } = state
    return {
      name,
      claim: { ...self, priority: self.priority ?? null },
      mute,
      pin: pin ?? null,
      edge: edge !== undefined,
      readAgeMs: observations.lastGoodRead === undefined ? null : clock.now() - observations.lastGoodRead,
      decision: decision
        ? {
            intended: decision.intended ?? null,
            action: decision.action,
            condition: decision.condition,
            reason: decision.reason,
            conflict: decision.conflict,
          }
        : null,
      details: state.details.map(toldDetail),
      others: [...observations.tracks].map(([other, track]) => ({
        eni: other,
        beat: track.beats.at(-1) ?? '',
        liveness: livenessOf(track, clock.now(), settings.ttlMs),
      })),
      counters: { ...countersOf(counts, name) },
    }
  })
  return {
    version: 1,
    cluster: config.cluster,
    eni: own,
    region: ec2.region,
    configLoadedAt: timeText(loadedAt),
    configRejected: rejected?.reason ?? null,
    configRejectedSince: rejected ? timeText(rejected.since) : null,
    credentialRenewals,
    details: Array.from(details, toldDetail),
    instances,
    ...seen,
  }
}

const toldDetail = ({ hint, ...detail }: Detail) => ({ ...detail, hint: hint ?? null })

const timeText = (at: number) => new Date(at).toISOString()

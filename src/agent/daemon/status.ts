/** What the daemon answers when it is asked how things stand. */
import type { Detail } from '../../core/detail.ts'
import { livenessOf } from '../../core/liveness.ts'
import type { Agent } from '../agent.ts'
import type { DaemonStatus, InstanceStatus } from '../control/status.ts'
import { type Counts, countersOf } from '../counters.ts'
import type { Node } from '../node/node.ts'

/** A node that knows who it is. */
export type Acting = { readonly node: Node; readonly agents: ReadonlyMap<string, Agent> }
/** What is live, and what the daemon was asked to put in its place. Times in milliseconds since the epoch. */
export type Live = Acting & { readonly details: Iterable<Detail>; readonly loadedAt: number }
export type Rejection = { readonly reason: string; readonly since: number }

/** What the daemon answers. */
export function statusOf(
  { node: { config, eni: own, ec2, clock }, agents, details, loadedAt }: Live,
  counts: Counts,
  rejected: Rejection | undefined,
  credentialRenewals: number,
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
  }
}

const toldDetail = ({ hint, ...detail }: Detail) => ({ ...detail, hint: hint ?? null })

const timeText = (at: number) => new Date(at).toISOString()

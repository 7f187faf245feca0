/** What this host itself knows: from its daemon, or from keepalived if no daemon answers. */
import { existsSync } from 'node:fs'
import { eniOfThisInstance } from '../adapters/ec2/instance-metadata.ts'
import { askStatus, daemonSummary, detailsOf, type InstanceStatus } from '../agent/control/status.ts'
import { isThere, probeFor, stateOf } from '../agent/node/keepalived-state.ts'
import type { Config } from '../config/schema.ts'
import type { NodeState } from '../core/claim.ts'
import type { Detail } from '../core/detail.ts'
import type { EniId } from '../core/ids.ts'
import type { DaemonSummary } from '../core/overview.ts'
import { messageOf } from '../platform/errors.ts'

/** What this node claims, or would claim if its daemon ran. */
export type OwnClaim = {
  readonly state: NodeState
  readonly priority: number | undefined
  /** Known only from the daemon: keepalived does not tell it. */
  readonly since: string | undefined
  readonly beat: string | undefined
}

export type Host = {
  /** This host's ENI, if the host is recognisably a node. */
  readonly eni: EniId | undefined
  readonly daemon: DaemonSummary
  readonly details: readonly Detail[]
  /** By VRRP instance. */
  readonly claims: ReadonlyMap<string, OwnClaim>
  /** The daemon's report, by VRRP instance. */
  readonly instances: ReadonlyMap<string, InstanceStatus>
  readonly notes: readonly string[]
}

/** A host with a keepalived, its pid file or a daemon's socket is a node; any other is an onlooker. */
export async function lookAtHost(config: Config): Promise<Host> {
  const answer = await askStatus(config.control)
  if (answer.kind === 'up') {
    const { eni, instances } = answer.status
    return {
      eni,
      daemon: daemonSummary(answer),
      details: detailsOf(answer.status),
      claims: new Map(instances.map(({ name, claim }) => [name, { ...claim, priority: claim.priority ?? undefined }])),
      instances: new Map(instances.map((instance) => [instance.name, instance])),
      notes: [],
    }
  }
  const hasKeepalived = existsSync(config.keepalived.pidFile) || isThere(config)
  if (answer.kind === 'down' && !hasKeepalived && !existsSync(config.control)) {
    return { eni: undefined, daemon: { kind: 'none' }, details: [], claims: new Map(), instances: new Map(), notes: [] }
  }
  const own = hasKeepalived ? await lookAtKeepalived(config) : { eni: undefined, claims: new Map(), notes: [] }
  return { ...own, daemon: daemonSummary(answer), details: [], instances: new Map() }
}

async function lookAtKeepalived(config: Config): Promise<Pick<Host, 'eni' | 'claims' | 'notes'>> {
  const names = Object.keys(config.instances)
  const notes: string[] = []
  const [eni, probed] = await Promise.all([
    ownEni(config).catch((error: unknown) => {
      notes.push(`cannot tell which node this host is: ${messageOf(error)}`)
      return undefined
    }),
    probeFor(config).read(),
  ])
  if (probed.kind === 'unknown') notes.push(`keepalived’s state on this host is unknown: ${probed.reason}`)
  const claims = names.flatMap((name) => {
    const found = stateOf(probed, name)
    if (!found) return []
    const priority = config.instances[name]?.priority ?? found.priority
    return [[name, { state: found.state, priority, since: undefined, beat: undefined }] as const]
  })
  return { eni, claims: new Map(claims), notes }
}

// No retries: somebody who inspects a node in trouble must not wait for IMDS.
async function ownEni({ eni, interface: name }: Config): Promise<EniId> {
  return eni ?? eniOfThisInstance(name)
}

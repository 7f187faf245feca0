/** What this host knows by itself: its daemon, and keepalived where no daemon answers. */
import { existsSync } from 'node:fs'
import { eniOfThisInstance } from '../adapters/ec2/instance-metadata.ts'
import { askStatus, daemonSummary, detailsOf, type InstanceStatus } from '../agent/control/status.ts'
import { probeFor, stateOf } from '../agent/node/keepalived-state.ts'
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
  /** Undefined where keepalived was asked: it does not tell. */
  readonly since: string | undefined
  readonly beat: string | undefined
}

export type Host = {
  /** Undefined: this host is no node, as far as it shows. */
  readonly eni: EniId | undefined
  readonly daemon: DaemonSummary
  readonly details: readonly Detail[]
  /** By VRRP instance. */
  readonly claims: ReadonlyMap<string, OwnClaim>
  /** The daemon's words, by VRRP instance. */
  readonly instances: ReadonlyMap<string, InstanceStatus>
  readonly notes: readonly string[]
}

/** A host where keepalived has left its pid file, or a daemon its socket, is a node; any other looks on. */
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
  const hasKeepalived = existsSync(config.keepalived.pidFile)
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
      notes.push(`which node this host is, is not known: ${messageOf(error)}`)
      return undefined
    }),
    probeFor(config).read(),
  ])
  if (probed.kind === 'unknown') notes.push(`keepalived’s state here is not known: ${probed.reason}`)
  const claims = names.flatMap((name) => {
    const found = stateOf(probed, name)
    if (!found) return []
    const priority = config.instances[name]?.priority ?? found.priority
    return [[name, { state: found.state, priority, since: undefined, beat: undefined }] as const]
  })
  return { eni, claims: new Map(claims), notes }
}

// Asked once: who looks at a node that is in trouble does not wait for IMDS.
async function ownEni({ eni, interface: name }: Config): Promise<EniId> {
  return eni ?? eniOfThisInstance(name)
}

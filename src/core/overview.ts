/** The current state as plain data, for status, check and metrics. */
import type { Doubt, NodeState } from './claim.ts'
import type { Condition } from './decide.ts'
import type { Detail } from './detail.ts'
import type { EniId } from './ids.ts'
import type { Liveness } from './liveness.ts'
import type { Pin } from './pin.ts'
import type { Route, RouteKey, TargetFacts } from './route.ts'

/** `elsewhere`: it carries traffic, but not to the intended owner. */
export const PLACES = ['in-place', 'elsewhere', 'blackhole', 'missing', 'foreign'] as const
export type Place = (typeof PLACES)[number]

export type RouteOverview = {
  readonly key: RouteKey
  readonly tableName: string | undefined
  readonly place: Place
  /** The route, unless it is missing. */
  readonly route: Route | undefined
}

/** A node as described by its claim. */
export type NodeOverview = {
  readonly eni: EniId
  readonly state: NodeState
  readonly priority: number | undefined
  /** By the node's own clock; empty if only keepalived was asked, which does not report it. */
  readonly since: string
  readonly liveness: Liveness
  /** Whether it is this host. */
  readonly isHere: boolean
  /** The state in its published claim, if that differs from its actual state. */
  readonly published: NodeState | 'nothing' | undefined
}

export type DaemonCounters = {
  readonly transitions: number
  readonly writesAccepted: number
  readonly writesFailed: number
  readonly heals: number
  readonly readsFailed: number
  readonly publishesFailed: number
  readonly hooksDone: number
  readonly hooksFailed: number
  readonly hooksEnded: number
}

/** This host's daemon's report on one VRRP instance. */
export type DaemonOverview = {
  /** Whether the others cannot see this node's claim. */
  readonly mute: boolean
  /** Age of the daemon's last complete read of EC2, in milliseconds, if it has had one. */
  readonly readAge: number | undefined
  /** Its last decision, once it has read EC2. */
  readonly decision: { readonly condition: Condition; readonly reason: string } | undefined
  readonly counters: DaemonCounters
}

/** This host's last transition of a VRRP instance, from its history. */
export type LastTransition = {
  /** Its interface then, if it was known. */
  readonly eni: EniId | null
  readonly state: NodeState
  /** Milliseconds since the epoch, by this host's clock. */
  readonly at: number
  /** Milliseconds from keepalived's event until EC2 had accepted the routes, if they were written and it did. */
  readonly acceptedMs: number | undefined
}

export type InstanceOverview = {
  readonly name: string
  readonly condition: Condition
  /** A sentence for people to act on. */
  readonly reason: string
  readonly routes: readonly RouteOverview[]
  readonly nodes: readonly NodeOverview[]
  /** Invalid claims and pins. */
  readonly doubts: readonly Doubt[]
  readonly intended: EniId | undefined
  /** Number of contending nodes. */
  readonly masters: number
  readonly pin: Pin | undefined
  /** Why selectors of the config match no table or are ambiguous. */
  readonly problems: readonly string[]
  readonly details: readonly Detail[]
  /** The daemon's report, if a daemon answers. */
  readonly daemon: DaemonOverview | undefined
  readonly lastTransition: LastTransition | undefined
}

export type Trouble = {
  /** The service that could not be read; default: EC2. */
  readonly service?: string
  readonly message: string
  readonly hint: string | undefined
}

/**
 * This host's daemon.
 * - `silent`: it exists but cannot report
 * - `down`: none answers, though this host is a node
 * - `none`: nothing suggests that this host is a node
 */
export type DaemonSummary =
  | {
      readonly kind: 'up'
      readonly rejected: string | undefined
      /** How often its credentials were renewed after being rejected. */
      readonly credentialRenewals: number
    }
  | { readonly kind: 'silent' | 'down'; readonly reason: string }
  | { readonly kind: 'none' }

export type Overview = {
  /** The cluster's name, if the config or the daemon gives it. */
  readonly cluster: string | undefined
  /** The region, if it could be determined. */
  readonly region: string | undefined
  /** Milliseconds since the epoch, by EC2's clock if known. */
  readonly date: number
  /** Age of the observer's last complete read of EC2, in milliseconds, if it has had one. */
  readonly readAge: number | undefined
  /** Path of the daemon's control socket. */
  readonly control: string
  readonly daemon: DaemonSummary
  /** This host's ENI, if it is a node. */
  readonly here: EniId | undefined
  /** Details of this host. */
  readonly details: readonly Detail[]
  readonly instances: readonly InstanceOverview[]
  /** By ENI or instance id. */
  readonly facts: ReadonlyMap<string, TargetFacts>
  /** Why EC2 could not be read; with any, every condition is UNKNOWN. */
  readonly troubles: readonly Trouble[]
  /** What is missing from the overview, and why. */
  readonly notes: readonly string[]
}

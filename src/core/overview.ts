/** Where things stand, as a screen, a monitoring plugin's line and a page of metrics show it: plain data. */
import type { Doubt, NodeState } from './claim.ts'
import type { Condition } from './decide.ts'
import type { Detail } from './detail.ts'
import type { EniId } from './ids.ts'
import type { Liveness } from './liveness.ts'
import type { Pin } from './pin.ts'
import type { Route, RouteKey, TargetFacts } from './route.ts'

/** - `elsewhere`: it carries traffic, but not to the intended owner */
export const PLACES = ['in-place', 'elsewhere', 'blackhole', 'missing', 'foreign'] as const
export type Place = (typeof PLACES)[number]

export type RouteOverview = {
  readonly key: RouteKey
  readonly tableName: string | undefined
  readonly place: Place
  /** Undefined: it is missing. */
  readonly route: Route | undefined
}

/** A node, by what it claims. */
export type NodeOverview = {
  readonly eni: EniId
  readonly state: NodeState
  readonly priority: number | undefined
  /** By the node's own clock; empty where only keepalived was asked, which does not tell. */
  readonly since: string
  readonly liveness: Liveness
  /** Whether it is the host that looks. */
  readonly isHere: boolean
  /** What its tag says to the others, where that is not what it claims here. */
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

/** What the daemon of this host says of one VRRP instance. */
export type DaemonOverview = {
  /** Whether the others cannot see what this node claims. */
  readonly mute: boolean
  /** How long ago it has read EC2, all of it and well, in milliseconds; undefined: it has not yet. */
  readonly readAge: number | undefined
  /** Undefined until it has read something. */
  readonly decision: { readonly condition: Condition; readonly reason: string } | undefined
  readonly counters: DaemonCounters
}

export type InstanceOverview = {
  readonly name: string
  readonly condition: Condition
  /** A sentence that a person can act on. */
  readonly reason: string
  readonly routes: readonly RouteOverview[]
  readonly nodes: readonly NodeOverview[]
  /** Claims and pins that cannot be understood. */
  readonly doubts: readonly Doubt[]
  readonly intended: EniId | undefined
  /** How many nodes contend. */
  readonly masters: number
  readonly pin: Pin | undefined
  /** Selectors of the config that mean no table, or not one alone. */
  readonly problems: readonly string[]
  readonly details: readonly Detail[]
  /** Undefined where no daemon answers. */
  readonly daemon: DaemonOverview | undefined
}

export type Trouble = {
  /** What could not be read; undefined: EC2. */
  readonly service?: string
  readonly message: string
  readonly hint: string | undefined
}

/**
 * The daemon of this host.
 * - `silent`: it is there, and cannot tell
 * - `down`: none answers, though this host is a node
 * - `none`: nothing shows that this host is a node
 */
export type DaemonSummary =
  | {
      readonly kind: 'up'
      readonly rejected: string | undefined
      /** How often its credentials were fetched anew since they were refused. */
      readonly credentialRenewals: number
    }
  | { readonly kind: 'silent' | 'down'; readonly reason: string }
  | { readonly kind: 'none' }

export type Overview = {
  /** Undefined where neither the config nor the daemon tells. */
  readonly cluster: string | undefined
  /** Undefined where it could not be found out. */
  readonly region: string | undefined
  /** Milliseconds since the epoch, by EC2's clock where it told. */
  readonly date: number
  /** How long ago whoever looks has read EC2, all of it and well, in milliseconds; undefined: not yet. */
  readonly readAge: number | undefined
  /** Path of the daemon's socket. */
  readonly control: string
  readonly daemon: DaemonSummary
  /** The ENI of this host, where it is a node. */
  readonly here: EniId | undefined
  /** Of this host. */
  readonly details: readonly Detail[]
  readonly instances: readonly InstanceOverview[]
  /** By the id of ENI or instance. */
  readonly facts: ReadonlyMap<string, TargetFacts>
  /** Why EC2 could not be read; with any, every condition is UNKNOWN. */
  readonly troubles: readonly Trouble[]
  /** What is not shown, and why. */
  readonly notes: readonly string[]
}

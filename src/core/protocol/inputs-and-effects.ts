/** What goes into a step, and what comes out of it. */
import type { Claim, NodeState } from '../claim.ts'
import type { EniId } from '../ids.ts'
import type { Pin } from '../pin.ts'
import type { RouteKey, Standing } from '../route.ts'

/** One good read of everything. */
export type Reading = {
  /** Every managed route, judged from this node's own ENI. */
  readonly routes: readonly { readonly key: RouteKey; readonly standing: Standing }[]
  /** The claims of all nodes, including this one. */
  readonly claims: readonly { readonly claim: Claim; readonly isUnreachable: boolean }[]
  readonly pins: readonly Pin[]
  /** Interfaces that carry no traffic, with or without a claim or pin. */
  readonly unreachable: ReadonlySet<EniId>
  /** Interfaces whose source/dest check is on: they drop traffic for a VIP. */
  readonly checked: ReadonlySet<EniId>
  /** By EC2's own clock, in milliseconds since the epoch. */
  readonly date: number
}

/**
 * What brought a state of keepalived, for people: its FIFO, a hook, or its answer when asked; `gone`: it does not run.
 * Nothing is decided by it.
 */
export const CAUSES = ['fifo', 'hook', 'probe', 'gone'] as const
export type Cause = (typeof CAUSES)[number]

export type Input =
  /** keepalived's state. `found`: the agent found it so, rather than seeing the transition; it is no edge. */
  | {
      readonly kind: 'state'
      readonly state: NodeState
      readonly priority: number | undefined
      readonly found: boolean
      readonly cause?: Cause | undefined
    }
  /** keepalived's proof that a lower node acts as master: MASTER_RX_LOWER_PRI. */
  | { readonly kind: 'rx-lower-pri'; readonly priority?: number | undefined; readonly cause?: Cause | undefined }
  /** This node's VRRP source address has become known. */
  | { readonly kind: 'address'; readonly address: string }
  /** A time given by `wakeAt` has come. */
  | { readonly kind: 'wake' }
  /** Another agent of this daemon is reading now; one read serves all that ask at once. */
  | { readonly kind: 'read-nearby' }
  | { readonly kind: 'read'; readonly reading: Reading }
  /**
   * A failed read. `unread`: what could not be read, for people. `throttled`: whether EC2 throttled it. `routes`: the routes,
   * if only the claims could not be read.
   */
  | {
      readonly kind: 'read'
      readonly reading: undefined
      readonly routes?: Reading['routes'] | undefined
      readonly unread?: string
      readonly throttled?: boolean
    }
  /** `why` it was not accepted, for people. */
  | { readonly kind: 'written'; readonly key: RouteKey; readonly accepted: boolean; readonly why?: string }
  | { readonly kind: 'published'; readonly beat: string; readonly acknowledged: boolean }
  /** This node has another interface from now on. */
  | { readonly kind: 'identity'; readonly eni: EniId; readonly address: string }

export type Effect =
  | { readonly kind: 'read' }
  /** Each write is retried until it is accepted, refused or aborted. */
  | {
      readonly kind: 'write'
      readonly keys: readonly RouteKey[]
      readonly reason: string
      /** Whether it goes before the daemon's other writes when they wait for the token bucket. */
      readonly inEdge: boolean
    }
  /** Cancels every write, whether in flight, waiting or hedged. */
  | { readonly kind: 'abort' }
  | { readonly kind: 'publish'; readonly claim: Claim }
  /** Publishes, for an interface that was ours, that its node has stopped. The result does not matter. */
  | { readonly kind: 'withdraw'; readonly claim: Claim }

/** Two clocks, in milliseconds: the monotonic one for every comparison, and the wall clock for people. */
export type Now = { readonly monotonic: number; readonly wall: number }

/** A node of the simulated world, and what may be wrong around it. */

import type { EventState } from '../../src/adapters/keepalived/event.ts'
import type { JournalEntry, Moment } from '../../src/agent/node/event-order.ts'
import type { NodeState } from '../../src/core/claim.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Effect, Input } from '../../src/core/protocol/inputs-and-effects.ts'
import type { Memory, ProtocolState } from '../../src/core/protocol/state.ts'
import type { RouteKey } from '../../src/core/route.ts'

/**
 * - `denied`: refused at once
 * - `down`: not answered, and nothing happens
 * - `unanswered`: it happens, and nobody is told
 * - `late`: not answered in time, and it happens seconds later
 */
export type Answer = 'up' | 'down' | 'denied' | 'unanswered' | 'late'

export type Api = {
  /** `throttled`: refused at once, since the account asks for too much */
  reads: 'up' | 'down' | 'throttled'
  /** Of the reads, those of the claims. */
  claims: 'up' | 'down'
  writes: Answer
  publishes: Answer
  /** Reads show routes as they were so many milliseconds ago. */
  staleMs: number
  /** Reads show claims as they were so many milliseconds ago. */
  staleClaimsMs?: number
}

/** How a node hears of keepalived's events, and who acts on them. */
export type Ways = {
  /** A daemon is meant to run. */
  readonly daemon: boolean
  /** It reads keepalived's FIFO. */
  readonly fifo: boolean
  /** keepalived runs a hook for every event: it hands the event to the daemon if that lives, and acts itself if not. */
  readonly hooks: boolean
}

export const WAYS = {
  daemon: { daemon: true, fifo: true, hooks: false },
  hooks: { daemon: false, fifo: false, hooks: true },
  /** A daemon that hears of events by hooks alone. */
  handover: { daemon: true, fifo: false, hooks: true },
  both: { daemon: true, fifo: true, hooks: true },
} as const satisfies Record<string, Ways>

export type Kind = keyof typeof WAYS

/** Who acts for a node: its daemon, or the hook of one event. */
export type Actor = {
  readonly name: string
  readonly node: WorldNode
  /** Of a hook; undefined: it is the daemon. */
  readonly event: HookEvent | undefined
  /** Undefined: the daemon is dead, or the hook does not act (yet, or any more). */
  protocol: ProtocolState | undefined
  /** Of its life and of its writes: what belongs to an older one is not delivered. */
  life: number
  writeEpoch: number
  /** EC2 has refused its last claim for good. */
  isRefused: boolean
}

/** What keepalived has run a hook for. */
export type HookEvent = {
  readonly state: EventState
  readonly priority: number | undefined
  readonly moment: Moment
  readonly forkedAt: number
}

/** What is kept on a node's disk of the last good read. */
export type Kept = Required<Pick<Memory, 'keys' | 'foreign'>> & Pick<Memory, 'pin'>

export type WorldNode = {
  readonly name: string
  ways: Ways
  /** The interface that it has; its agents may still think of an earlier one. */
  eni: EniId
  priority: number | undefined
  readonly address: string
  api: Api
  readonly daemon: Actor
  /** Those whose processes run. */
  readonly hooks: Set<Actor>
  /** The events on record. */
  journal: readonly JournalEntry[]
  kept: Kept | undefined
  vrrp: NodeState
  /** Events, wake-ups and processes wait while the machine is paused. */
  pausedUntil: number
  wallOffset: number
}

/** How long a hook takes until its event is on record, and from there until it acts. Milliseconds. */
export type HookDelays = { readonly start: number; readonly load: number }

/** What a simulation varies and watches. */
export type Watch = {
  /** How long a call takes, in milliseconds; shorter than a time-out. */
  readonly latency?: (node: WorldNode) => number
  readonly hookDelays?: (node: WorldNode) => HookDelays
  /** How stale this very read is, of the milliseconds that its API is stale by. */
  readonly staleness?: (ms: number) => number
  readonly stepped?: (actor: Actor, input: Input, before: ProtocolState, effects: readonly Effect[]) => void
  /** A request to write leaves the node; it was decided at `decidedAt`. */
  readonly sending?: (actor: Actor, key: RouteKey, decidedAt: number) => void
  /** A claim leaves the node. */
  readonly publishing?: (actor: Actor) => void
  /** The event of a hook is on record now. */
  readonly recorded?: (node: WorldNode, event: HookEvent) => void
  /** A hook begins to act, with what is kept on its node's disk. */
  readonly begun?: (hook: Actor) => void
  /** A hook has nothing more to do. */
  readonly finished?: (hook: Actor, state: ProtocolState) => void
}

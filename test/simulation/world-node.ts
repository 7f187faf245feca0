/** A node of the simulated world, and what may be wrong around it. */

import type { NodeState } from '../../src/core/claim.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Effect, Input, ProtocolState } from '../../src/core/protocol/state.ts'
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

export type WorldNode = {
  readonly name: string
  /** The interface that it has; its agent may still think of an earlier one. */
  eni: EniId
  priority: number | undefined
  readonly address: string
  api: Api
  /** Undefined: the daemon is dead. */
  protocol: ProtocolState | undefined
  vrrp: NodeState
  /** Events and wake-ups wait while the machine is paused. */
  pausedUntil: number
  /** Of the daemon's life and of its writes: what belongs to an older one is not delivered. */
  life: number
  writeEpoch: number
  wallOffset: number
}

/** What a simulation varies and watches. */
export type Watch = {
  /** How long a call takes, in milliseconds; shorter than a time-out. */
  readonly latency?: (node: WorldNode) => number
  /** How stale this very read is, of the milliseconds that its API is stale by. */
  readonly staleness?: (ms: number) => number
  readonly stepped?: (node: WorldNode, input: Input, before: ProtocolState, effects: readonly Effect[]) => void
  /** A request to write leaves the node; it was decided at `decidedAt`. */
  readonly sending?: (node: WorldNode, key: RouteKey, decidedAt: number) => void
}

/** An agent's state. */
import type { Claim } from '../claim.ts'
import type { Decision } from '../decide.ts'
import type { Detail } from '../detail.ts'
import type { EniId } from '../ids.ts'
import { BEAT_MS, BEATING_TTL_MS, NO_OBSERVATIONS, type Observations, ttlOf } from '../liveness.ts'
import type { Pin } from '../pin.ts'
import type { RouteKey } from '../route.ts'
import type { Now } from './inputs-and-effects.ts'
import { PUBLISH_BACKOFF, PUBLISH_SPACING, READ_BACKOFF } from './times.ts'

export type ProtocolSettings = {
  /** Milliseconds between a MASTER's reads. */
  readonly intervalMs: number
  readonly ttlMs: number
  /** How often a MASTER renews its claim, in milliseconds. Default: only in a conflict. */
  readonly beatEveryMs?: number | undefined
  /** `safe`: every edge is a held edge. */
  readonly failover: 'fast' | 'safe'
}

/** An edge into MASTER in progress. */
export type Edge = {
  readonly startedAt: number
  /**
   * The beats present when the edge began, once claims have been read since: only a beat not among them proves that its
   * node is alive. Earlier reads cannot serve: a beat newer than they are may still be a dead node's.
   */
  readonly beats: Readonly<Record<EniId, readonly string[]>> | undefined
  /** Whether the read issued with the first write has returned, with or without the claims. */
  readonly hasLooked: boolean
  readonly writes: Readonly<Record<string, number>>
}

/** Who took a route from its owner. */
export type Taker =
  /** The route was set to a target that is not a node of the cluster. */
  | { readonly kind: 'outsider'; readonly target: string }
  /** The route was set to another node; `heldAt`: when it was last known to be at its owner. */
  | { readonly kind: 'member'; readonly eni: EniId; readonly heldAt: number }
  | { readonly kind: 'deleter' }

/** A route that was taken and then taken back; `at`: when it was taken back. */
export type Taking = { readonly route: string; readonly taker: Taker; readonly at: number }

/** What this node claims, and what the others have been told of it. */
type ClaimState = {
  self: Claim
  /** The beat of the claim being published. */
  publishing: string | undefined
  /** Whether to publish again as soon as the publish in flight has finished. */
  publishNext: boolean
  /** The beat of the last acknowledged claim. */
  published: string | undefined
  /** Whether the others may read that this node is MASTER: from the last acknowledged claim, or one sent since. */
  mayBeSeenAsMaster: boolean
  mute: boolean
  /** The earliest time for the next publish. */
  publishFrom: number
  /** When to publish the current claim, after waiting for `publishFrom` or after a failure. */
  publishAgainAt: number | undefined
  publishBackoffMs: number
  /** Whether publishing waits for the first read, which tells the priority that this node last claimed. */
  publishWhenRead: boolean
  /** Since when our own tag has been read back different from our claim. */
  mismatchSince: number | undefined
  /** Whether a tick has come since the last beat, so that a node in conflict must beat again. */
  beatNext: boolean
  /** When to renew the claim regardless of conflicts, if the witness takes regular beats. */
  beatAt: number | undefined
}

/** When it reads: ticks, looks, and the pauses between them. */
type ReadState = {
  /** When the read in flight was issued. */
  readingSince: number | undefined
  readNext: boolean
  /** Whether to read after the publish in flight, so that the claims it shows were made with ours visible. */
  readWhenPublished: boolean
  /** Pause before a failed read is retried when something depends on it: in an edge, and before the first good read. */
  readBackoffMs: number
  /** How many times longer the pauses between reads are, because EC2 has throttled some; 1 if it has not. */
  pauseFactor: number
  tickAt: number
  /** When looks are due, besides the tick. */
  looks: readonly number[]
  rxLowerPriAt: number | undefined
  /** Whether nothing has been read since this node became MASTER: then no pause is stretched. */
  isNewMaster: boolean
  /**
   * Whether, while EC2 throttles reads, another node claims MASTER and shows no sign of life. It may be throttled, too, and
   * not have read yet that it must show one; so this node keeps showing its own.
   */
  mayHaveRival: boolean
}

/** What the reads have shown, and what follows from it. */
type ViewState = {
  observations: Observations
  pin: Pin | undefined
  /** Why other pins are ignored, for people. */
  ignoredPins: readonly string[]
  /** Since when another MASTER has contended with this one. */
  contestedSince: number | undefined
  /** Since when no MASTER has held all the routes, although there are MASTERs and no pin. */
  strayedSince: number | undefined
  /** Every managed route that was seen or is known by its table's id. */
  keys: readonly RouteKey[]
  /** The foreign ones among them, as key texts. */
  foreign: readonly string[]
  /** Routes that the last look found elsewhere or missing; undefined if it failed, or before this mastership's first look. */
  misplaced: readonly string[] | undefined
  decision: Decision | undefined
  /** Other things that need attention, as of the last good read. */
  details: readonly Detail[]
}

/** The edge in progress, and earlier ones. */
type EdgeState = {
  edge: Edge | undefined
  /** Whether this node became MASTER by a held edge and has not been the intended owner since. */
  isHeld: boolean
  /** When the latest edges began. */
  edges: readonly number[]
}

/** What is being written, and what holds it back. */
type WriteState = {
  /** Routes being written. */
  writing: readonly string[]
  /** Routes whose write EC2 has refused since the last tick: an immediate retry would be refused, too. */
  rejected: readonly string[]
  acceptedAt: Readonly<Record<string, number>>
  muteBackoffMs: number
  muteWroteAt: number | undefined
}

/** Who takes routes from this node without a claim to them. */
type TakingState = {
  /** Who took the routes that `writing` is taking back. */
  healing: Readonly<Record<string, Taker>>
  /** Takings that no claim explains, by route: the last three of each kind. */
  takings: Readonly<Record<string, readonly Taking[]>>
  /** Takings that a claim may still explain. */
  suspects: readonly Taking[]
  /** When each route was last known to be at this node, while the routes are ours. */
  heldAt: Readonly<Record<string, number>>
  /** When each other node's claim last explained why it holds, or held, the routes; `since`: as last read from its claim. */
  explanations: Readonly<Record<EniId, { readonly since: string; readonly at: number | undefined }>>
}

/** Changed in place by one step, which starts from a copy. Times are on the monotonic clock. */
export type ProtocolState = { readonly settings: ProtocolSettings } & ClaimState &
  ReadState &
  ViewState &
  EdgeState &
  WriteState &
  TakingState

/** What an agent starts with. */
export type Memory = {
  readonly eni: EniId
  /** VRRP source address; empty if not known yet. */
  readonly address: string
  readonly keys: readonly RouteKey[]
  /** Routes that were foreign when last read, as key texts. */
  readonly foreign?: readonly string[]
  /** The pin, as last read. */
  readonly pin?: Pin | undefined
  /** When this node's latest edges began, on the monotonic clock. */
  readonly edges?: readonly number[]
}

export function initialState(
  settings: ProtocolSettings,
  { eni, address, keys, foreign = [], pin, edges = [] }: Memory,
  now: Now,
): ProtocolState {
  const at = new Date(now.wall).toISOString()
  return {
    settings,
    self: { eni, state: 'UNKNOWN', priority: undefined, address, since: at, beat: at },
    publishing: undefined,
    publishNext: false,
    published: undefined,
    mayBeSeenAsMaster: false,
    mute: false,
    publishFrom: now.monotonic - PUBLISH_SPACING,
    publishAgainAt: undefined,
    publishBackoffMs: PUBLISH_BACKOFF,
    publishWhenRead: false,
    mismatchSince: undefined,
    beatNext: false,
    beatAt: undefined,
    readingSince: undefined,
    readNext: false,
    readWhenPublished: false,
    readBackoffMs: READ_BACKOFF,
    pauseFactor: 1,
    tickAt: now.monotonic,
    looks: [],
    rxLowerPriAt: undefined,
    isNewMaster: false,
    mayHaveRival: false,
    observations: NO_OBSERVATIONS,
    pin,
    ignoredPins: [],
    contestedSince: undefined,
    strayedSince: undefined,
    keys,
    foreign,
    misplaced: undefined,
    decision: undefined,
    details: [],
    edge: undefined,
    isHeld: false,
    edges,
    writing: [],
    rejected: [],
    acceptedAt: {},
    muteBackoffMs: settings.intervalMs,
    muteWroteAt: undefined,
    healing: {},
    takings: {},
    suspects: [],
    heldAt: {},
    explanations: {},
  }
}

/** Settings for a witness that takes a beat a second. */
export const BEATING = { beatEveryMs: BEAT_MS, ttlMs: BEATING_TTL_MS } satisfies Partial<ProtocolSettings>

export function defaultSettings(intervalMs: number, failover: 'fast' | 'safe' = 'fast'): ProtocolSettings {
  return { intervalMs, ttlMs: ttlOf(intervalMs), failover }
}

/** What an agent knows, and what goes in and out of it. */
import type { Claim, NodeState } from '../claim.ts'
import type { Decision } from '../decide.ts'
import type { Detail } from '../detail.ts'
import type { EniId } from '../ids.ts'
import { BEAT_MS, BEATING_TTL_MS, NO_OBSERVATIONS, type Observations, ttlOf } from '../liveness.ts'
import type { Pin } from '../pin.ts'
import type { RouteKey, Standing } from '../route.ts'
import { PUBLISH_BACKOFF, PUBLISH_SPACING, READ_BACKOFF } from './times.ts'

export type ProtocolSettings = {
  /** Milliseconds between a MASTER's reads. */
  readonly intervalMs: number
  readonly ttlMs: number
  /** A MASTER renews its claim so often; undefined: in a conflict alone. Milliseconds. */
  readonly beatEveryMs?: number | undefined
  /** `safe`: every edge is a held edge. */
  readonly failover: 'fast' | 'safe'
}

/** One good read of everything. */
export type Reading = {
  /** Every managed route, judged from this node's own ENI. */
  readonly routes: readonly { readonly key: RouteKey; readonly standing: Standing }[]
  /** Claims of all nodes, this one's own included. */
  readonly claims: readonly { readonly claim: Claim; readonly isUnreachable: boolean }[]
  readonly pins: readonly Pin[]
  /** Interfaces that carry nothing, whether they carry a claim, a pin or neither. */
  readonly unreachable: ReadonlySet<EniId>
  /** Interfaces whose source/dest check is on: they drop what is for a VIP. */
  readonly checked: ReadonlySet<EniId>
  /** By EC2's own clock, in milliseconds since the epoch. */
  readonly date: number
}

export type Input =
  /** keepalived's state. `found`: it was so when this agent started to look, so that no edge was missed. */
  | {
      readonly kind: 'state'
      readonly state: NodeState
      readonly priority: number | undefined
      readonly found: boolean
    }
  /** keepalived's proof that a lower node acts as master: MASTER_RX_LOWER_PRI. */
  | { readonly kind: 'rx-lower-pri'; readonly priority?: number | undefined }
  /** The VRRP source address of this node is known now. */
  | { readonly kind: 'address'; readonly address: string }
  /** A time that was asked for with the effect `wake` has come. */
  | { readonly kind: 'wake' }
  /** Another agent of this daemon reads now, and one read serves all who ask at once. */
  | { readonly kind: 'read-nearby' }
  | { readonly kind: 'read'; readonly reading: Reading }
  /**
   * A read that failed. `unread`: what could not be read, for people. `throttled`: the account has asked for too much.
   * `routes`: the routes, where the claims alone could not be read.
   */
  | {
      readonly kind: 'read'
      readonly reading: undefined
      readonly routes?: Reading['routes'] | undefined
      readonly unread?: string
      readonly throttled?: boolean
    }
  | { readonly kind: 'written'; readonly key: RouteKey; readonly accepted: boolean }
  | { readonly kind: 'published'; readonly beat: string; readonly acknowledged: boolean }
  /** This node is known by another interface from now on. */
  | { readonly kind: 'identity'; readonly eni: EniId; readonly address: string }

export type Effect =
  | { readonly kind: 'read' }
  /** Each goes on until it is accepted, cannot be, or is aborted. */
  | {
      readonly kind: 'write'
      readonly keys: readonly RouteKey[]
      readonly reason: string
      /** Before all other writes of the daemon, where EC2 makes them wait. */
      readonly inEdge: boolean
    }
  /** Cancels every write that is in flight, waiting or hedged. */
  | { readonly kind: 'abort' }
  | { readonly kind: 'publish'; readonly claim: Claim }
  /** Says of an interface that was ours that its node has stopped; nobody waits for an answer. */
  | { readonly kind: 'withdraw'; readonly claim: Claim }

/** Of two clocks: the one that never jumps, for every comparison; and the wall's, for people. Milliseconds. */
export type Now = { readonly monotonic: number; readonly wall: number }

/** An edge into MASTER that is not over yet. */
export type Edge = {
  readonly startedAt: number
  /**
   * The beats that were there when it began: only one that is not among them proves that its node lives. Undefined: no
   * claim was read since. What was read before does not tell: a claim that is newer may still be a dead node's.
   */
  readonly beats: Readonly<Record<EniId, readonly string[]>> | undefined
  /** Whether the read that was asked for beside the first write has come, with the claims or without. */
  readonly hasLooked: boolean
  readonly writes: Readonly<Record<string, number>>
}

/** Who has taken a route from its owner. */
export type Taker =
  /** The route was set to what is no node of the cluster. */
  | { readonly kind: 'outsider'; readonly target: string }
  /** It was set to another node; `heldAt`: when it was last known to be the owner's. */
  | { readonly kind: 'member'; readonly eni: EniId; readonly heldAt: number }
  | { readonly kind: 'deleter' }

/** A route that was taken, and was taken back `at`. */
export type Taking = { readonly route: string; readonly taker: Taker; readonly at: number }

export type ProtocolState = {
  readonly settings: ProtocolSettings
  self: Claim
  /** The claim that is on its way, by its beat. */
  publishing: string | undefined
  /** What the others read of this node may be MASTER: the last claim that is known to have arrived, or one sent since. */
  mayBeSeenAsMaster: boolean
  /** A claim is to be published as soon as none is on its way. */
  publishNext: boolean
  published: string | undefined
  mute: boolean
  /** Until then a claim waits. */
  publishFrom: number
  /** When a claim that waits, or one whose publish has failed, is published, or whatever has replaced it by then. */
  publishAgainAt: number | undefined
  publishBackoffMs: number
  /** Since when the own tag was read back other than it was last published. */
  mismatchSince: number | undefined
  observations: Observations
  pin: Pin | undefined
  /** Why other pins do not count, for people. */
  ignoredPins: readonly string[]
  /** Since when another MASTER contends with this one. */
  contestedSince: number | undefined
  /** Since when no MASTER has had all of the routes, though there are MASTERs and no pin. */
  strayedSince: number | undefined
  /** A tick has come since the last beat: a node in conflict shows that it is alive. */
  beatNext: boolean
  /** When the claim is renewed in any case; undefined: never. */
  beatAt: number | undefined
  /** Every managed route that was seen or is known by its id, and those that are somebody else's. */
  keys: readonly RouteKey[]
  foreign: readonly string[]
  edge: Edge | undefined
  /** MASTER by an edge that had to be held, and the routes have not been ours since. */
  isHeld: boolean
  /** When the last edges began. */
  edges: readonly number[]
  writing: readonly string[]
  /** Routes whose write EC2 has refused since the last tick: another attempt at once would be refused, too. */
  rejected: readonly string[]
  /** Routes that the last look found elsewhere or missing; undefined if it failed, and before the first of this mastership. */
  misplaced: readonly string[] | undefined
  acceptedAt: Readonly<Record<string, number>>
  /** Those of `writing` that take a route back, by whom it was taken. */
  healing: Readonly<Record<string, Taker>>
  /** What no claim explains, by route: of each kind the last three within an hour. */
  takings: Readonly<Record<string, readonly Taking[]>>
  /** What a claim may still explain. */
  suspects: readonly Taking[]
  /** While the routes are ours: when each was last known to be. */
  heldAt: Readonly<Record<string, number>>
  /** When each other node's claim last explained that it has the routes, or had them; `since`: of its claim, as it was read last. */
  explanations: Readonly<Record<EniId, { readonly since: string; readonly at: number | undefined }>>
  muteBackoffMs: number
  muteWroteAt: number | undefined
  rxLowerPriAt: number | undefined
  /** Since when a read is under way. */
  readingSince: number | undefined
  readNext: boolean
  /** Pause before a failed read is tried again where something hangs on it: in an edge, and before the first good read. */
  readBackoffMs: number
  /** A read follows the publish that is on its way: what it shows was claimed with our own claim there to be seen. */
  readWhenPublished: boolean
  /** The claim is published when the first read has told the priority that this node claimed last. */
  publishWhenRead: boolean
  /** So many times longer are the pauses between reads, since EC2 has throttled some; 1: it has not. */
  pauseFactor: number
  /** MASTER, and nothing was read since it became so: no pause is stretched. */
  isNewMaster: boolean
  /**
   * MASTER while EC2 throttles reads, and another claims to be: it shows no life, but may be throttled too, and not have read
   * that it has to. So this node goes on to show its own.
   */
  mayHaveRival: boolean
  /** Times at which something is to be looked at, besides the tick. */
  looks: readonly number[]
  tickAt: number
  decision: Decision | undefined
  /** What needs a look besides, as of the last good read. */
  details: readonly Detail[]
}

/** What an agent knows when it starts. */
export type Memory = {
  readonly eni: EniId
  /** VRRP source address; empty where it is not known yet. */
  readonly address: string
  readonly keys: readonly RouteKey[]
  /** Routes that were somebody else's when they were last read, as key texts. */
  readonly foreign?: readonly string[]
  /** An operator's pin, as it was last read. */
  readonly pin?: Pin | undefined
  /** When the last edges of this node began, on the monotonic clock. */
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
    mayBeSeenAsMaster: false,
    publishNext: false,
    published: undefined,
    mute: false,
    publishFrom: now.monotonic - PUBLISH_SPACING,
    publishAgainAt: undefined,
    publishBackoffMs: PUBLISH_BACKOFF,
    mismatchSince: undefined,
    observations: NO_OBSERVATIONS,
    pin,
    ignoredPins: [],
    contestedSince: undefined,
    strayedSince: undefined,
    beatNext: false,
    beatAt: undefined,
    keys,
    foreign,
    edge: undefined,
    isHeld: false,
    edges,
    writing: [],
    rejected: [],
    misplaced: undefined,
    acceptedAt: {},
    healing: {},
    takings: {},
    suspects: [],
    heldAt: {},
    explanations: {},
    muteBackoffMs: settings.intervalMs,
    muteWroteAt: undefined,
    rxLowerPriAt: undefined,
    readingSince: undefined,
    readNext: false,
    readBackoffMs: READ_BACKOFF,
    readWhenPublished: false,
    publishWhenRead: false,
    pauseFactor: 1,
    isNewMaster: false,
    mayHaveRival: false,
    looks: [],
    tickAt: now.monotonic,
    decision: undefined,
    details: [],
  }
}

/** For a witness that takes a beat a second. */
export const BEATING = { beatEveryMs: BEAT_MS, ttlMs: BEATING_TTL_MS } satisfies Partial<ProtocolSettings>

export function defaultSettings(intervalMs: number, failover: 'fast' | 'safe' = 'fast'): ProtocolSettings {
  return { intervalMs, ttlMs: ttlOf(intervalMs), failover }
}

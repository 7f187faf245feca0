/** What is remembered of the simulated nodes, from the outside, to judge their next step by. */

import type { Pin } from '../../src/core/pin.ts'
import type { Effect, Input, Reading } from '../../src/core/protocol/inputs-and-effects.ts'
import type { ProtocolState } from '../../src/core/protocol/state.ts'
import type { Actor, HookEvent, WorldNode } from './world-node.ts'

/** What is remembered of one life of one daemon, or of one hook. */
export type ActorRecord = {
  readonly life: number
  /** The pin that a hook finds on its node's disk. */
  keptPin: Pin | undefined
  /** Routes whose last write EC2 has refused. */
  refused: Set<string>
  reading: Reading | undefined
  lastReadFailed: boolean
  /** What the last read showed of the routes; undefined: nothing. */
  routes: Reading['routes'] | undefined
  isMute: boolean
  /** When claims were published, but for those that were published again since EC2 did not take them. */
  publishes: number[]
  edges: number[]
  edge: { startedAt: number; writes: Map<string, number> } | undefined
  /** When each route was last written by a decision, not by an edge. */
  decided: Map<string, number>
  /** When each route was written, by a request that was answered, in this mastership. */
  accepted: Map<string, number>
  /** Routes that are being taken back from an external writer, and when such writes were accepted. */
  healing: Set<string>
  heals: Map<string, number[]>
  rxReadAt: number | undefined
  /** When it must look again at what it wrote, or at what it was told. */
  looks: number[]
}

export function blankRecord(life: number): ActorRecord {
  return {
    life,
    keptPin: undefined,
    refused: new Set(),
    reading: undefined,
    lastReadFailed: false,
    routes: undefined,
    isMute: false,
    publishes: [],
    edges: [],
    edge: undefined,
    decided: new Map(),
    accepted: new Map(),
    healing: new Set(),
    heals: new Map(),
    rxReadAt: undefined,
    looks: [],
  }
}

export class BrokenRule extends Error {
  override name = 'BrokenRule'
}

/** One step of a node, before it counts. */
export type Step = {
  readonly now: number
  readonly actor: Actor
  readonly node: WorldNode
  readonly input: Input
  readonly before: ProtocolState
  readonly after: ProtocolState
  readonly effects: readonly Effect[]
  readonly record: ActorRecord
}

/** The pin that counts, as far as it is known. */
export function knownPin({ reading, keptPin }: ActorRecord): Pin | undefined {
  if (!reading) return keptPin
  return reading.pins
    .filter(({ eni, until }) => until > reading.date && !reading.unreachable.has(eni))
    .toSorted((a, b) => b.since - a.since)[0]
}

/** Whether `a` was forked after `b`. */
export function isLater({ moment: a }: HookEvent, { moment: b }: HookEvent): boolean {
  return a.pid > b.pid
}

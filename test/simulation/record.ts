/** What is remembered of the simulated nodes, from the outside, to judge their next step by. */
import type { Effect, Input, ProtocolState, Reading } from '../../src/core/protocol/state.ts'
import type { WorldNode } from './world-node.ts'

/** What is remembered of one life of one daemon. */
export type DaemonRecord = {
  readonly life: number
  reading: Reading | undefined
  lastReadFailed: boolean
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

export function blankRecord(life: number): DaemonRecord {
  return {
    life,
    reading: undefined,
    lastReadFailed: false,
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
  readonly node: WorldNode
  readonly input: Input
  readonly before: ProtocolState
  readonly after: ProtocolState
  readonly effects: readonly Effect[]
  readonly record: DaemonRecord
}

/** The pin that counts in a reading. */
export function knownPin(reading: Reading | undefined): Reading['pins'][number] | undefined {
  return reading?.pins
    .filter(({ eni, until }) => until > reading.date && !reading.unreachable.has(eni))
    .toSorted((a, b) => b.since - a.since)[0]
}

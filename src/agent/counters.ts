/** What an agent has done, counted for metrics. Counts only grow; a reload of the config keeps them. */
import type { ProtocolState } from '../core/protocol/state.ts'

export const COUNTERS = [
  /** Changes of keepalived's state. */
  'transitions',
  'writesAccepted',
  'writesFailed',
  /** Routes that were taken back from whoever had no claim to them. */
  'heals',
  'readsFailed',
  'publishesFailed',
  /** User hooks, by how they ended: with exit code 0; otherwise, or too late; no longer wanted. */
  'hooksDone',
  'hooksFailed',
  'hooksEnded',
] as const

export type Counters = Record<(typeof COUNTERS)[number], number>

/** The counters of every VRRP instance, for as long as the daemon runs. */
export type Counts = Map<string, Counters>

/** Those of one instance, to be counted up in place. */
export function countersOf(counts: Counts, instance: string): Counters {
  const known = counts.get(instance)
  if (known) return known
  const fresh = newCounters()
  counts.set(instance, fresh)
  return fresh
}

export function newCounters(): Counters {
  return {
    transitions: 0,
    writesAccepted: 0,
    writesFailed: 0,
    heals: 0,
    readsFailed: 0,
    publishesFailed: 0,
    hooksDone: 0,
    hooksFailed: 0,
    hooksEnded: 0,
  }
}

/** Counts what shows in the states before and after one step. */
export function countStep(counters: Counters, before: ProtocolState, after: ProtocolState): void {
  if (before.self.state !== after.self.state) counters.transitions += 1
  for (const [route, takings] of Object.entries(after.takings)) {
    const known = before.takings[route] ?? []
    if (takings !== known) counters.heals += takings.filter((taking) => !known.includes(taking)).length
  }
}

/** Counters for metrics. They only grow, and a reload of the config keeps them. */
import type { ProtocolState } from '../core/protocol/state.ts'

export const COUNTERS = [
  /** Changes of the VRRP instance's state. */
  'transitions',
  'writesAccepted',
  'writesFailed',
  /** Routes taken back from writers outside the cluster. */
  'heals',
  'readsFailed',
  'publishesFailed',
  /** Transition hooks: exited with 0; failed or timed out; ended because no longer wanted. */
  'hooksDone',
  'hooksFailed',
  'hooksEnded',
] as const

export type Counters = Record<(typeof COUNTERS)[number], number>

/** The counters of every VRRP instance, for as long as the daemon runs. */
export type Counts = Map<string, Counters>

/** One instance's counters, to be incremented in place. */
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

/** Counts what changed between the states before and after a step. */
export function countStep(counters: Counters, before: ProtocolState, after: ProtocolState): void {
  if (before.self.state !== after.self.state) counters.transitions += 1
  for (const [route, takings] of Object.entries(after.takings)) {
    const known = before.takings[route] ?? []
    if (takings !== known) counters.heals += takings.filter((taking) => !known.includes(taking)).length
  }
}

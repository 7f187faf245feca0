/** What the screen of `vip-switch lab --interactive` shows, as plain data. */
import type { Fault } from './keys.ts'

export type DaemonView =
  | { readonly kind: 'up'; readonly condition: string; readonly reason: string }
  /** It has not read EC2 yet. */
  | { readonly kind: 'undecided' }
  /** It runs, and does not answer. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'killed' }

export type NodeView = {
  readonly name: string
  /** What its keepalived last said, if it runs. */
  readonly state: string | undefined
  readonly priority: number
  /** What the node has published, as EC2 has it now. */
  readonly claim: { readonly text: string; readonly beatAgeMs: number } | undefined
  readonly daemon: DaemonView
  readonly faults: ReadonlySet<Fault>
}

export type RouteView = {
  readonly table: string
  /** The node that has it; undefined if there is no route. */
  readonly node: string | undefined
  readonly isBlackhole: boolean
}

export type LogEntry = {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** A node, `cloud` or `you`. */
  readonly who: string
  readonly text: string
  /** The word of the text to colour, if there is a condition in it. */
  readonly condition: string | undefined
}

export type LabView = {
  readonly nodes: readonly NodeView[]
  readonly vip: string
  readonly routes: readonly RouteView[]
  /** Oldest first. */
  readonly log: readonly LogEntry[]
}

/** How a failover is brought about: by the real keepalived, or by playing its events. */
import type { EndpointControl } from './endpoint-control.ts'
import type { Hook } from './hook.ts'
import type { LabNode } from './scene.ts'

/** One change of the master, in milliseconds since the epoch. */
export type Transition = {
  /** What caused it: the kill, or the start of the node that takes over. */
  readonly causedAt: number
  /** When VRRP had a new master; undefined where none is elected. */
  readonly electedAt: number | undefined
}

/** Says what happens, at the moment it happens. */
export type Narrator = (who: string, what: string) => void

/** What a node's daemon has decided, as its log says it. */
export type DaemonDecision = {
  readonly condition: string
  readonly action: string
  /** The whole line: the VRRP instance, the condition and the reason. */
  readonly sentence: string
}

/** VRRP lost between two nodes that run the daemon. Times in milliseconds since the epoch. */
export type SplitBrain = {
  /** Starts the daemon of both nodes, the first's first, and waits until each finds all well. */
  startDaemons(): Promise<void>
  /** No node hears the other any more: the second becomes MASTER, too. */
  part(): Promise<{ readonly partedAt: number; readonly secondMasterAt: number }>
  /** They hear each other again: the second steps down. */
  rejoin(): Promise<{ readonly rejoinedAt: number; readonly steppedDownAt: number }>
  /** What a node's daemon has decided, oldest first. */
  decisionsOf(node: LabNode): DaemonDecision[]
}

export type Stage = {
  readonly control: EndpointControl
  hookOf(node: LabNode): Hook
  /** Both nodes come up, and the first becomes the master. */
  begin(): Promise<Transition>
  /** The master dies without a word, and the other takes over. */
  crash(): Promise<Transition>
  /** The first node comes back, and takes over in good order. */
  failBack(): Promise<Transition>
  /** Or why it cannot be shown. */
  readonly splitBrain: SplitBrain | string
  /** The last lines of every log, for the report of a failure. */
  logs(): string
  /** Ends every process and removes what the stage made. */
  close(): Promise<void>
}

/** How a failover and a split brain come about. */
import type { EndpointControl } from './endpoint-control.ts'
import type { Hook } from './hook.ts'
import type { LabNode } from './scene.ts'

/** One change of the master, in milliseconds since the epoch. */
export type Transition = {
  /** Its cause: the kill, or the start of the node that takes over. */
  readonly causedAt: number
  /** When VRRP elected the new master. */
  readonly electedAt: number
}

/** Narrates events as they happen. */
export type Narrator = (who: string, what: string) => void

/** A daemon's decision, from its log. */
export type DaemonDecision = {
  readonly condition: string
  readonly action: string
  /** The whole message: VRRP instance, condition and reason. */
  readonly sentence: string
}

/** VRRP loss between two nodes that run the daemon. Times in milliseconds since the epoch. */
export type SplitBrain = {
  /** Starts both daemons, the first node's first, and waits until each reports OK. */
  startDaemons(): Promise<void>
  /** Cuts VRRP both ways: the second becomes MASTER, too. */
  part(): Promise<{ readonly partedAt: number; readonly secondMasterAt: number }>
  /** Restores VRRP: the second steps down. */
  rejoin(): Promise<{ readonly rejoinedAt: number; readonly steppedDownAt: number }>
  /** A daemon's decisions, oldest first. */
  decisionsOf(node: LabNode): DaemonDecision[]
}

export type Stage = {
  readonly control: EndpointControl
  hookOf(node: LabNode): Hook
  /** Starts both nodes; the first becomes master. */
  begin(): Promise<Transition>
  /** Kills the master without notice; the other takes over. */
  crash(): Promise<Transition>
  /** Restarts the first node, which takes over again. */
  failBack(): Promise<Transition>
  readonly splitBrain: SplitBrain
  /** The tail of every log, for a failure report. */
  logs(): string
  /** Kills every process and removes what the stage created. */
  close(): Promise<void>
}

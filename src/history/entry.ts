/** Entries of the history: what one line of its files says. */
import type { NodeState } from '../core/claim.ts'
import type { Condition } from '../core/decide.ts'
import type { EniId } from '../core/ids.ts'
import type { Cause } from '../core/protocol/inputs-and-effects.ts'
import { cut } from '../core/visible.ts'

export const WRITERS = ['daemon', 'hook', 'operator'] as const

/** Who has kept an entry, and when. */
export type EntryHead = {
  /** Milliseconds since the epoch, by this host's clock. */
  readonly at: number
  readonly by: (typeof WRITERS)[number]
  /** The VRRP instance; null if it is about all of them. */
  readonly instance: string | null
  /** This node's interface; null if it is not known yet. */
  readonly eni: EniId | null
}

/** Whether milliseconds count from keepalived's event, or from the decision to write. */
export type Since = 'event' | 'decision'

export type Transition = {
  readonly kind: 'transition'
  readonly from: NodeState
  readonly to: NodeState
  readonly priority: number | null
  /** `proof`: keepalived hears a lower master. Null: a hook's event, on which the hook acts. */
  readonly cause: Cause | 'proof' | null
  /** Whether the daemon found it so when it started, rather than seeing the transition. */
  readonly found: boolean
}

export type DecisionMade = {
  readonly kind: 'decision'
  readonly condition: Condition
  readonly action: 'write' | 'yield' | 'none'
  readonly intended: EniId | null
  readonly reason: string
}

/** Writes of routes to this node that belong together, and what EC2 has answered so far. */
export type Writes = {
  readonly kind: 'writes'
  readonly accepted: number
  readonly failed: number
  /** Still waiting for an answer. */
  readonly waiting: number
  /** Ended without an answer, because they were no longer wanted. */
  readonly ended: number
  /** From `since` until EC2 accepted the last of them; null if it accepted none. */
  readonly ms: number | null
  readonly since: Since
  /** The first few routes, as `rtb-… 10.99.0.10/32`. */
  readonly routes: readonly string[]
  /** From whom routes are taken back, if anybody took them. */
  readonly takenFrom: readonly string[]
  /** The first few reasons why writes failed. */
  readonly errors: readonly string[]
}

/** Accepted routes that were read back in place. */
export type Confirmed = {
  readonly kind: 'confirmed'
  readonly routes: number
  readonly ms: number
  readonly since: Since
}

/** A problem that needs attention whatever the condition (core/detail.ts), or the end of one. */
export type DetailTold = {
  readonly kind: 'detail'
  readonly detail: string
  readonly message: string
  readonly isOver: boolean
}

/** What an operator did by hand. */
export type ByHand = {
  readonly kind: 'by-hand'
  readonly command: 'switch' | 'pin' | 'unpin'
  /** Such as `alice@db-1`. */
  readonly who: string
  readonly to: EniId | null
  /** End of the pin, in milliseconds since the epoch. */
  readonly until: number | null
  /** Routes by the outcome of their write, such as `done`. */
  readonly outcomes: Readonly<Record<string, number>>
}

export type Happening =
  | Transition
  | DecisionMade
  | Writes
  | Confirmed
  | DetailTold
  | ByHand
  | { readonly kind: 'priority'; readonly from: number; readonly to: number }
  /** keepalived's proof that a lower node acts as master; the first of several. */
  | { readonly kind: 'proof' }
  | { readonly kind: 'pinned'; readonly to: EniId; readonly until: number }
  | { readonly kind: 'unpinned'; readonly from: EniId }
  | {
      readonly kind: 'daemon'
      readonly what: 'started' | 'reloaded' | 'rejected' | 'stopped'
      readonly why: string | null
    }

/** An entry of this version. */
export type Entry = EntryHead & Happening

/** An entry of a kind that this version does not know. */
export type UnknownEntry = EntryHead & { readonly kind: 'unknown'; readonly text: string }

export type AnyEntry = Entry | UnknownEntry

/** Appends of up to a page do not mix with those of other processes; longer ones might on some file systems. */
export const LONGEST_LINE_BYTES = 4000
const LONGEST_TEXT = 1200
const SHORT_TEXT = 200

/** The entry as a line of the file, short enough to be appended in one piece. */
export function lineOf(entry: Entry): string {
  for (const longest of [LONGEST_TEXT, SHORT_TEXT]) {
    const line = JSON.stringify({ ...entry, at: new Date(entry.at).toISOString() }, (_, value: unknown) =>
      typeof value === 'string' ? cut(value, longest) : value,
    )
    if (Buffer.byteLength(line) < LONGEST_LINE_BYTES) return `${line}\n`
  }
  const { at, by, instance, eni, kind } = entry
  return `${JSON.stringify({ at: new Date(at).toISOString(), by, instance, eni, kind })}\n`
}

/** Where claims are published and read. */
import type { Claim, Doubt } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import type { Pin } from '../../core/pin.ts'

/** All that is said of one VRRP instance, at one moment. */
export type WitnessReport = {
  readonly claims: readonly { readonly claim: Claim; readonly isUnreachable: boolean }[]
  readonly pins: readonly Pin[]
  /** What stands where a claim or a pin should, and is none. */
  readonly doubts: readonly Doubt[]
  /** Interfaces that carry a claim or a pin, and no traffic. */
  readonly detached: ReadonlySet<EniId>
  /** Interfaces that carry a claim or a pin, and whose source/dest check is on: they drop what is for a VIP. */
  readonly checked: ReadonlySet<EniId>
  /** The instance of each of the others. */
  readonly holders: ReadonlyMap<EniId, string>
  /** By the witness' own clock, in milliseconds since the epoch: what a pin's end is compared with. */
  readonly date: number
}

export type Witness = {
  /** Resolves when the claim is acknowledged. @throws Failure */
  publish(instance: string, claim: Claim, signal: AbortSignal): Promise<void>
  /** By VRRP instance. @throws Failure */
  read(signal: AbortSignal): Promise<ReadonlyMap<string, WitnessReport>>
}

/** The witness: where claims are published and read. */
import type { Claim, Doubt } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import type { Pin } from '../../core/pin.ts'

/** Everything published about one VRRP instance at one moment. */
export type WitnessReport = {
  readonly claims: readonly { readonly claim: Claim; readonly isUnreachable: boolean }[]
  readonly pins: readonly Pin[]
  /** Invalid claims and pins. */
  readonly doubts: readonly Doubt[]
  /** Interfaces with a claim or a pin that are attached to no instance, and so carry no traffic. */
  readonly detached: ReadonlySet<EniId>
  /** Interfaces with a claim or a pin whose source/dest check is on, so that EC2 drops their traffic for the VIP. */
  readonly checked: ReadonlySet<EniId>
  /** The instance of each attached interface. */
  readonly holders: ReadonlyMap<EniId, string>
  /** The VPC of each interface with a claim or a pin. */
  readonly vpcs: ReadonlyMap<EniId, string>
  /** The witness's own time, in milliseconds since the epoch; a pin's end is compared with it. */
  readonly date: number
}

export type Witness = {
  /** Resolves once the claim is acknowledged. @throws Failure */
  publish(instance: string, claim: Claim, signal: AbortSignal): Promise<void>
  /** Reads the testimony, by VRRP instance. @throws Failure */
  read(signal: AbortSignal): Promise<ReadonlyMap<string, WitnessReport>>
}

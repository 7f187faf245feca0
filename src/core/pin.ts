/** Pins: an operator's "leave it here until then", which outranks the election. */
import type { EniId } from './ids.ts'

export type Pin = {
  /** The ENI that carries the tag, and that the routes shall stay at. */
  readonly eni: EniId
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly until: number
}

export type PinJudgement = {
  readonly valid: Pin | undefined
  /** Why the others do not count, for people. */
  readonly ignored: readonly string[]
}

/**
 * The pin that counts: of several the later one.
 * @param date the time of EC2's own clock, from the `Date` header of the answer that carried the pins
 * @param isUnreachable whether an ENI can carry no traffic
 */
export function judgePins(pins: readonly Pin[], date: number, isUnreachable: (eni: EniId) => boolean): PinJudgement {
  const ignored: string[] = []
  const candidates = pins.filter((pin) => {
    if (date >= pin.until) ignored.push(`the pin on ${pin.eni} has ended`)
    else if (isUnreachable(pin.eni)) ignored.push(`the pin on ${pin.eni} is ignored: that interface carries nothing`)
    else return true
    return false
  })
  const valid = candidates.reduce<Pin | undefined>(
    (latest, pin) => (latest && latest.since >= pin.since ? latest : pin),
    undefined,
  )
  for (const pin of candidates)
    if (pin !== valid) ignored.push(`the pin on ${pin.eni} is older than that on ${valid?.eni}`)
  return { valid, ignored }
}

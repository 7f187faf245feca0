/** Pins: an operator's "keep the routes here until then", which overrides the election. */
import type { EniId } from './ids.ts'

export type Pin = {
  /** The ENI that carries the tag, where the routes should stay. */
  readonly eni: EniId
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly until: number
}

export type PinJudgement = {
  readonly valid: Pin | undefined
  /** For people: why the other pins are ignored. */
  readonly ignored: readonly string[]
}

/**
 * Picks the valid pin; of several, the latest.
 * @param date EC2's time, from the `Date` header of the response with the pins
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

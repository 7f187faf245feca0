/** Claims and pins as tags: what is written on an ENI, and how it is read back. */
import ipaddr from 'ipaddr.js'
import * as z from 'zod'
import { type Claim, NODE_STATES } from '../core/claim.ts'
import type { EniId } from '../core/ids.ts'
import type { Pin } from '../core/pin.ts'

/** The tag that carries a node's claim about a VRRP instance. */
export const claimKey = (cluster: string, instance: string) => `vip-switch:${cluster}:${instance}`
/** The tag that pins a VRRP instance's routes to the ENI that carries it. */
export const pinKey = (cluster: string, instance: string) => `vip-switch-pin:${cluster}:${instance}`

/** Readable in the console: `MASTER prio=150 addr=10.0.1.11 since=… beat=…`. */
export function claimValue({ state, priority, address, since, beat }: Claim): string {
  const words = [state, ...(priority === undefined ? [] : [`prio=${priority}`]), `addr=${address}`]
  return [...words, `since=${since}`, `beat=${beat}`].join(' ')
}

export function pinValue({ since, until }: Pick<Pin, 'since' | 'until'>): string {
  return `since=${new Date(since).toISOString()} until=${new Date(until).toISOString()}`
}

const claimSchema = z.object({
  state: z.enum(NODE_STATES),
  prio: z.coerce.number().int().min(1).max(255).optional(),
  addr: z.string().refine((text) => ipaddr.isValid(text)),
  since: z.string(),
  beat: z.string(),
})

const instant = z.iso.datetime().transform((text) => Date.parse(text))
const pinSchema = z.object({ since: instant, until: instant })

/** The claim in a tag's value; undefined where it is none: anyone may write a tag, and it is not guessed. */
export function parseClaim(eni: EniId, value: string): Claim | undefined {
  const [state, ...words] = value.split(' ')
  return claimOf(eni, { state, ...pairs(words) })
}

/** The claim of these words, `state`, `prio`, `addr`, `since` and `beat`; undefined where it is none. */
export function claimOf(eni: EniId, words: Readonly<Record<string, string | undefined>>): Claim | undefined {
  const { data } = claimSchema.safeParse(words)
  return data && { eni, state: data.state, priority: data.prio, address: data.addr, since: data.since, beat: data.beat }
}

export function parsePin(eni: EniId, value: string): Pin | undefined {
  const { data } = pinSchema.safeParse(pairs(value.split(' ')))
  return data && { eni, ...data }
}

function pairs(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=')
      return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
    }),
  )
}

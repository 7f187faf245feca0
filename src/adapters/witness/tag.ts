/** Claims and pins as tags: what is written on an ENI, and how it is read back. */
import * as z from 'zod'
import { type Claim, type Doubt, NODE_STATES } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import type { Pin } from '../../core/pin.ts'
import { parseAddress } from '../../core/vip.ts'
import { cut, visible } from '../../core/visible.ts'

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

/** Longer than any instant that a node writes. */
const LONGEST_INSTANT = 35
/** How much of a word is shown that cannot be understood. */
const MOST_TOLD = 40

const instant = z.string().max(LONGEST_INSTANT).pipe(z.iso.datetime())
/** What each word must be. */
const FORMS: Readonly<Record<string, string>> = {
  state: `one of ${NODE_STATES.join(', ')}`,
  prio: 'a whole number from 1 to 255',
  addr: 'an IP address',
  since: 'an instant, such as 2026-11-23T01:02:03Z',
  until: 'an instant, such as 2026-11-23T01:02:03Z',
  beat: 'an instant, such as 2026-11-23T01:02:03Z',
}

const claimSchema = z.object({
  state: z.enum(NODE_STATES),
  prio: z
    .string()
    .regex(/^([1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/)
    .transform(Number)
    .optional(),
  addr: z.string().transform((text, context) => {
    const address = parseAddress(text)
    if (address) return address.text
    context.addIssue({ code: 'custom' })
    return z.NEVER
  }),
  since: instant,
  beat: instant,
})

const moment = instant.transform((text) => Date.parse(text))
const pinSchema = z.object({ since: moment, until: moment })

/** What a tag or an item says, or why it cannot be understood: anyone may write one, and it is not guessed. */
export type Parsed<Value> =
  | { readonly value: Value; readonly doubt?: undefined }
  | { readonly value?: undefined; readonly doubt: Doubt }

/** The claim in a tag's value. */
export function parseClaim(eni: EniId, value: string): Parsed<Claim> {
  const [state, ...rest] = value.split(' ')
  return claimOf(eni, { ...pairs(rest), state })
}

/** The claim of these words: `state`, `prio`, `addr`, `since` and `beat`. */
export function claimOf(eni: EniId, given: Readonly<Record<string, string | undefined>>): Parsed<Claim> {
  const { data, error } = claimSchema.safeParse(given)
  if (!data) return { doubt: { eni, of: 'claim', why: whyOf(error, given) } }
  const { state, prio: priority, addr: address, since, beat } = data
  return { value: { eni, state, priority, address, since, beat } }
}

/** The pin in a tag's value. */
export function parsePin(eni: EniId, value: string): Parsed<Pin> {
  const given = pairs(value.split(' '))
  const { data, error } = pinSchema.safeParse(given)
  return data ? { value: { eni, ...data } } : { doubt: { eni, of: 'pin', why: whyOf(error, given) } }
}

/** What the interfaces that carry a tag of this key say with it. */
export function parsedTags<Value>(
  interfaces: readonly { readonly eni: EniId; readonly tags: ReadonlyMap<string, string> }[],
  key: string,
  parse: (eni: EniId, value: string) => Parsed<Value>,
): { readonly values: readonly Value[]; readonly doubts: readonly Doubt[] } {
  const parsed = interfaces.flatMap(({ eni, tags }) => {
    const value = tags.get(key)
    return value === undefined ? [] : [parse(eni, value)]
  })
  return {
    values: parsed.flatMap(({ value }) => value ?? []),
    doubts: parsed.flatMap(({ doubt }) => doubt ?? []),
  }
}

/** Of the first word that is wrong. */
function whyOf({ issues: [issue] }: z.ZodError, given: Readonly<Record<string, string | undefined>>): string {
  const word = String(issue?.path[0])
  const found = given[word]
  if (found === undefined) return `it has no ${word}`
  return `its ${word} is "${visible(cut(found, MOST_TOLD))}", not ${FORMS[word]}`
}

function pairs(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=')
      return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
    }),
  )
}

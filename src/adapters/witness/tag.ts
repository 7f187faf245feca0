/** Formats and parses claims and pins as ENI tags. */
import * as z from 'zod'
import { type Claim, type Doubt, NODE_STATES } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import type { Pin } from '../../core/pin.ts'
import { parseAddress } from '../../core/vip.ts'
import { cut, visible } from '../../core/visible.ts'

/** Key of the tag with a node's claim for a VRRP instance. */
export const claimKey = (cluster: string, instance: string) => `vip-switch:${cluster}:${instance}`
/** Key of the tag that pins a VRRP instance's routes to the ENI it is on. */
export const pinKey = (cluster: string, instance: string) => `vip-switch-pin:${cluster}:${instance}`

/** Readable in the console: `MASTER prio=150 addr=10.0.1.11 since=… beat=…`. */
export function claimValue({ state, priority, address, since, beat }: Claim): string {
  const words = [state, ...(priority === undefined ? [] : [`prio=${priority}`]), `addr=${address}`]
  return [...words, `since=${since}`, `beat=${beat}`].join(' ')
}

export function pinValue({ since, until }: Pick<Pin, 'since' | 'until'>): string {
  return `since=${new Date(since).toISOString()} until=${new Date(until).toISOString()}`
}

/** Longer than any timestamp a node writes. */
const LONGEST_TIMESTAMP = 35
/** Characters shown of an invalid value. */
const LONGEST_SHOWN = 40

const timestamp = z.string().max(LONGEST_TIMESTAMP).pipe(z.iso.datetime())
/** What each field must be. */
const FORMS: Readonly<Record<string, string>> = {
  state: `one of ${NODE_STATES.join(', ')}`,
  prio: 'a whole number from 1 to 255',
  addr: 'an IP address',
  since: 'a timestamp such as 2026-11-23T01:02:03Z',
  until: 'a timestamp such as 2026-11-23T01:02:03Z',
  beat: 'a timestamp such as 2026-11-23T01:02:03Z',
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
  since: timestamp,
  beat: timestamp,
})

const moment = timestamp.transform((text) => Date.parse(text))
const pinSchema = z.object({ since: moment, until: moment })

/** The value of a tag or an item, or why it is invalid: anyone may write one, and we never guess. */
export type Parsed<Value> =
  | { readonly value: Value; readonly doubt?: undefined }
  | { readonly value?: undefined; readonly doubt: Doubt }

/** Parses a claim from a tag's value. */
export function parseClaim(eni: EniId, value: string): Parsed<Claim> {
  const [state, ...rest] = value.split(' ')
  return claimOf(eni, { ...pairs(rest), state })
}

/** Parses a claim from its fields `state`, `prio`, `addr`, `since` and `beat`. */
export function claimOf(eni: EniId, given: Readonly<Record<string, string | undefined>>): Parsed<Claim> {
  const { data, error } = claimSchema.safeParse(given)
  if (!data) return { doubt: { eni, of: 'claim', why: reasonOf(error, given) } }
  const { state, prio: priority, addr: address, since, beat } = data
  return { value: { eni, state, priority, address, since, beat } }
}

/** Parses a pin from a tag's value. */
export function parsePin(eni: EniId, value: string): Parsed<Pin> {
  const given = pairs(value.split(' '))
  const { data, error } = pinSchema.safeParse(given)
  return data ? { value: { eni, ...data } } : { doubt: { eni, of: 'pin', why: reasonOf(error, given) } }
}

/** Parses the tags with this key on all interfaces that have one. */
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

/** Describes the first invalid field. */
function reasonOf({ issues: [issue] }: z.ZodError, given: Readonly<Record<string, string | undefined>>): string {
  const field = String(issue?.path[0])
  const found = given[field]
  if (found === undefined) return `it has no ${field}`
  return `its ${field} is "${visible(cut(found, LONGEST_SHOWN))}", not ${FORMS[field]}`
}

function pairs(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=')
      return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
    }),
  )
}

/** A text that is the same for two states from which the same can happen: every time in it is relative to now. */
import type { Model, NodeModel } from './model.ts'

/** Numbers that are no times. */
const COUNTS = new Set([
  'priority',
  'muteBackoffMs',
  'publishBackoffMs',
  'readBackoffMs',
  'writes',
  'stretch',
  'id',
  'by',
  'pid',
])
/** Texts that are times. */
const BEATS = new Set(['beat', 'beats', 'published', 'publishing'])
/** Times that have no effect once they have passed. */
const AWAITED = new Set(['publishFrom'])
/** What is held by ENI or by route: the holder says what it is. */
const HOLDERS = new Set(['beats', 'acceptedAt', 'writes'])
/** In hundredths of a second since boot. */
const TICKS = 'ticks'
/** For people; of external writers, of whom there are none; or the same in every state. */
const WITHOUT_EFFECT = new Set([
  'since',
  'reason',
  'settings',
  'keys',
  'date',
  'address',
  'due',
  'ignoredPins',
  'details',
  'takings',
  'suspects',
  'heldAt',
  'explanations',
])
/** Longer than anything is remembered. */
const LONG_AGO_MS = 61_000

const parsedBeats = new Map<string, number>()

/** States of one node, numbered as they are met: there are far fewer of them than of both together. */
export class Canonical {
  readonly #numbers = new Map<string, number>()

  of({ now, nodes, target, events, faults }: Model): string {
    const [a, b] = nodes
    return `${this.#numberOf(a, now)} ${this.#numberOf(b, now)} ${target} ${events} ${faults}`
  }

  /** Most steps change one node: the number of the other is known. */
  #numberOf({ actors, vrrp, tag, calls, journal, known }: NodeModel, now: number): number {
    if (known.now === now) return known.number
    const text = `${vrrp} ${[actors, tag, calls, journal].map((part) => textOf(part, '', now)).join(' ')}`
    const number = this.#numbers.get(text) ?? this.#numbers.size
    this.#numbers.set(text, number)
    Object.assign(known, { now, number })
    return number
  }
}

function textOf(value: unknown, name: string, now: number): string {
  switch (typeof value) {
    case 'number':
      if (name === TICKS) return `${Math.max(value * 10 - now, -LONG_AGO_MS)}`
      return COUNTS.has(name) ? `${value}` : `${Math.max(value - now, AWAITED.has(name) ? 0 : -LONG_AGO_MS)}`
    case 'string':
      return BEATS.has(name) ? `${timeOf(value) - now}` : value
    case 'object':
      return value === null ? 'null' : `{${fieldTexts(value, name, now)}}`
    default:
      return `${value}`
  }
}

function fieldTexts(value: object, name: string, now: number): string {
  let text = ''
  if (Array.isArray(value)) for (const each of value) text += `${textOf(each, name, now)},`
  else if (value instanceof Map) for (const [key, each] of value) text += `${key}:${textOf(each, name, now)};`
  else text = propertyTexts(value, name, now)
  return text
}

function propertyTexts(value: object, name: string, now: number): string {
  const holder = HOLDERS.has(name) ? name : undefined
  let text = ''
  for (const [key, each] of Object.entries(value)) {
    // What has no value needs no name either.
    if (each !== undefined && !WITHOUT_EFFECT.has(key)) text += `${key}:${textOf(each, holder ?? key, now)};`
  }
  return text
}

function timeOf(beat: string): number {
  const parsed = parsedBeats.get(beat) ?? Date.parse(beat)
  parsedBeats.set(beat, parsed)
  return parsed
}

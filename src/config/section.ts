/** Building blocks of the config's schema. */
import { distance } from 'fastest-levenshtein'
import * as z from 'zod'
import { type Bounds, boundedDuration, durationForm } from './duration.ts'

/** A mapping that rejects unknown keys, suggesting a known one for each. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, keys)).join('\n')
        : `a mapping with the keys ${keys.join(', ')}`,
  })
}

function unknownKey(key: string, keys: readonly string[]): string {
  const nearest = keys.map((known) => ({ known, edits: distance(key.toLowerCase(), known.toLowerCase()) }))
  const best = nearest.sort((a, b) => a.edits - b.edits)[0]
  return best && best.edits <= Math.max(2, key.length / 3) ? `did you mean ${best.known}?` : `one of ${keys.join(', ')}`
}

/** A string converted by a parser; the parser's message becomes the error. */
export function parsed<Value>(allowed: string, parse: (text: string) => Value | undefined) {
  return z.string({ error: allowed }).transform((text, context) => {
    try {
      const value = parse(text)
      if (value !== undefined) return value
      context.addIssue({ code: 'custom', message: allowed })
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: `${allowed}; ${error instanceof Error ? error.message : String(error)}`,
      })
    }
    return z.NEVER
  })
}

/** A duration, in milliseconds. */
export function duration(bounds: Bounds) {
  return parsed<number>(`a duration: ${durationForm(bounds)}`, (text) => boundedDuration(text, bounds))
}

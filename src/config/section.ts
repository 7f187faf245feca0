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
  return meant(key, keys) ?? `it must be one of ${keys.join(', ')}`
}

/** Asks for the known word that is like this one, if any is. */
function meant(word: string, known: readonly string[]): string | undefined {
  const nearest = known.map((each) => ({ each, edits: distance(word.toLowerCase(), each.toLowerCase()) }))
  const best = nearest.sort((a, b) => a.edits - b.edits)[0]
  const isNear = best !== undefined && best.edits <= Math.max(2, word.length / 3)
  return isNear ? `did you mean "${best.each}"?` : undefined
}

/** One of two words, suggesting the one that is like another. */
export function either<const Words extends readonly [string, string]>(words: Words) {
  const allowed = words.join(' or ')
  return z.enum(words, {
    error: ({ input }) => {
      const advice = typeof input === 'string' ? meant(input, words) : undefined
      return advice === undefined ? allowed : `${allowed}; ${advice}`
    },
  })
}

/** A string converted by a parser, whose message is added to what is allowed. @param ofOther the message for other types */
export function parsed<Value>(
  allowed: string,
  parse: (text: string) => Value | undefined,
  ofOther: (input: unknown) => string = () => allowed,
) {
  return z.string({ error: ({ input }) => ofOther(input) }).transform((text, context) => {
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
  const allowed = `a duration: ${durationForm(bounds)}`
  return parsed<number>(
    allowed,
    (text) => boundedDuration(text, bounds),
    (input) => (typeof input === 'number' ? `${allowed}; did you mean ${input}s?` : allowed),
  )
}

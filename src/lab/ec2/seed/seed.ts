import { parseDocument } from 'yaml'
import type * as z from 'zod'
import { Failure } from '../../../platform/errors.ts'
import { type ParsedSeed, type Seed, seedSchema } from './schema.ts'

export type { Seed } from './schema.ts'

/** An invalid seed; each line is a path and what is wrong there. */
export class SeedError extends Failure {
  override name = 'SeedError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    // The parser's messages span several lines, marking the place.
    super(
      'config',
      faults.flatMap((fault) => fault.trimEnd().split('\n')),
    )
    this.faults = faults
  }
}

/** Parses a seed file, YAML or JSON. @throws SeedError */
export function parseSeed(text: string): Seed {
  const document = parseDocument(text)
  if (document.errors.length > 0) throw new SeedError(document.errors.map(({ message }) => message))
  return checkSeed(document.toJS())
}

/** Validates a seed and fills in its defaults. @throws SeedError with every fault */
export function checkSeed(seed: unknown): ParsedSeed {
  const { success, data, error } = seedSchema.safeParse(seed)
  if (success) return data
  throw new SeedError(error.issues.flatMap((issue) => faults(issue, [])))
}

/** Formats an issue. For a union, reports the alternative of the right type. */
function faults(issue: z.core.$ZodIssue, parent: readonly PropertyKey[]): string[] {
  const path = [...parent, ...issue.path]
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find(
      (issues) => !issues.some(({ code, path: [first] }) => code === 'invalid_type' && first === undefined),
    )
    if (meant !== undefined) return meant.flatMap((inner) => faults(inner, path))
  }
  return [`${path.map(String).join('.') || 'seed'}: ${issue.message}`]
}

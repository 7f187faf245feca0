import { parseDocument } from 'yaml'
import type * as z from 'zod'
import { Failure } from '../../../platform/errors.ts'
import { type ParsedSeed, type Seed, seedSchema } from './schema.ts'

export type { Seed } from './schema.ts'

/** What is wrong with a seed: every line is a path in it and the fault there. */
export class SeedError extends Failure {
  override name = 'SeedError'

  constructor(faults: readonly string[]) {
    // The parser's own words are of several lines, with the place marked.
    super(
      'config',
      faults.flatMap((fault) => fault.trimEnd().split('\n')),
    )
  }
}

/** Reads a seed file's text, YAML or JSON. @throws SeedError */
export function parseSeed(text: string): Seed {
  const document = parseDocument(text)
  if (document.errors.length > 0) throw new SeedError(document.errors.map(({ message }) => message))
  return checkSeed(document.toJS())
}

/** A seed with its defaults. @throws SeedError with every fault that the schema finds */
export function checkSeed(seed: unknown): ParsedSeed {
  const { success, data, error } = seedSchema.safeParse(seed)
  if (success) return data
  throw new SeedError(error.issues.flatMap((issue) => faults(issue, [])))
}

/** An issue in words. Of alternatives, the one that is of the right type is what was meant. */
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

/** What a schema finds wrong with a value, in words. */
import type * as z from 'zod'

/** One line: `state: Invalid option: expected one of …; values[0]: …`. Zod's own message is its whole error as JSON. */
export function issuesText({ issues }: Pick<z.ZodError, 'issues'>): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ')
}

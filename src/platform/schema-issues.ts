/** Formats schema errors. */
import type * as z from 'zod'

/**
 * As one line: `state: Invalid option: expected one of …; values[0]: …`. Zod's own message is the whole error as JSON.
 */
export function issuesText({ issues }: Pick<z.ZodError, 'issues'>): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ')
}

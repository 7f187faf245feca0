/** Makes keepalived's own config include ours, where there is none yet. */
import { existsSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf, Failure, messageOf } from '../../platform/errors.ts'

const KEEPALIVED_CONF = '/etc/keepalived/keepalived.conf'

/**
 * Creates keepalived.conf; never overwrites one.
 * @returns its path; undefined if there is one already, or keepalived is not installed
 */
export function includeSnippet(snippet: string): string | undefined {
  if (!existsSync(dirname(KEEPALIVED_CONF))) return undefined
  try {
    writeFileSync(KEEPALIVED_CONF, `include ${snippet}\n`, { flag: 'wx' })
    return KEEPALIVED_CONF
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined
    throw new Failure('failed', `cannot create ${KEEPALIVED_CONF}: ${messageOf(error)}; all other files are there`, {
      hint: `add this line to it: include ${snippet}`,
      cause: error,
    })
  }
}

/** The claim ttl. Separate from the schema, so that hooks need not load zod. */
import { ttlOf } from '../core/liveness.ts'
import type { Config } from './schema.ts'

/** How long a claim counts without a sign of life, in milliseconds. */
export function claimTtlOf({ interval, witness: { ttl } }: Pick<Config, 'interval' | 'witness'>): number {
  return ttl ?? ttlOf(interval)
}

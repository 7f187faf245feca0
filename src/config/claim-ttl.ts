/** How long a claim counts. Apart from the schema, whose library no hook has to load. */
import { ttlOf } from '../core/liveness.ts'
import type { Config } from './schema.ts'

/** How long a claim counts that shows no life, in milliseconds. */
export function claimTtlOf({ interval, witness: { ttl } }: Pick<Config, 'interval' | 'witness'>): number {
  return ttl ?? ttlOf(interval)
}

/** The `witness` section of the config. */
import * as z from 'zod'
import { BEATING_TTL_MS } from '../core/liveness.ts'
import { duration, either, section } from './section.ts'

/** Where nodes publish their claims. `ttl` in milliseconds; default: derived from the interval. */
type WitnessConfig =
  | { readonly type: 'ec2-tags'; readonly ttl: number | undefined }
  | { readonly type: 'dynamodb'; readonly table: string; readonly ttl: number }

const TABLE_FORM = 'the name of a DynamoDB table: 3 to 255 letters, digits, dots, dashes and underscores'

export const witness = section({
  type: either(['ec2-tags', 'dynamodb']).default('ec2-tags').meta({
    description: 'Where nodes publish their claims.',
  }),
  table: z
    .string({ error: TABLE_FORM })
    .regex(/^[\w.-]{3,255}$/, { error: TABLE_FORM })
    .optional()
    .meta({ description: 'The DynamoDB table, for dynamodb.' }),
  ttl: duration({ least: 1000, most: 3_600_000 })
    .optional()
    .meta({ description: 'How long a claim counts without a sign of life. Default: from interval.' }),
}).transform(({ type, table, ttl }, context): WitnessConfig => {
  const refuse = (key: string, input: unknown, message: string) => {
    context.addIssue({ code: 'custom', path: [key], input, message })
    return z.NEVER
  }
  if (type === 'ec2-tags') {
    return table === undefined ? { type, ttl } : refuse('table', table, 'must not be set, except with type: dynamodb')
  }
  if (table === undefined) return refuse('table', table, TABLE_FORM)
  if (ttl !== undefined && ttl < BEATING_TTL_MS) {
    return refuse('ttl', ttl, `at least ${BEATING_TTL_MS / 1000}s: one beat per second, of which one may be lost`)
  }
  return { type, table, ttl: ttl ?? BEATING_TTL_MS }
})

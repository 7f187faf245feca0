/** The supported subset of IAM policy documents; anything unsupported is an error, never ignored. */
import * as z from 'zod'
import { arnSegments, unknownVariable } from './pattern.ts'

const text = z.string().refine((value) => unknownVariable(value) === undefined, {
  error: ({ input }) => `the policy variable ${unknownVariable(String(input))} is not supported`,
})

/** IAM treats a string as a list of one. */
function oneOrMore(item: z.ZodType<string, string>) {
  return z.union([item.transform((value) => [value]), z.array(item).min(1)])
}

const action = z.string().regex(/^(\*|[a-z0-9-]+:[A-Za-z*?]+)$/, 'must be like ec2:ReplaceRoute')
const resource = text.refine((value) => value === '*' || arnSegments(value) !== undefined, {
  error: 'must be * or an ARN of six segments',
})

const KEYS = /^(aws:TagKeys|(aws:RequestTag|aws:ResourceTag|ec2:ResourceTag)\/.+)$/i
const key = z.string().regex(KEYS, 'is not a supported condition key')
const singleValued = key.regex(/^(?!aws:TagKeys$)/i, 'is multivalued: it needs ForAllValues: or ForAnyValue:')

const comparison = (keys: z.ZodType<string, string>) => z.record(keys, oneOrMore(text)).optional()
const condition = z.strictObject({
  StringEquals: comparison(singleValued),
  StringLike: comparison(singleValued),
  'ForAllValues:StringEquals': comparison(key),
  'ForAllValues:StringLike': comparison(key),
  'ForAnyValue:StringEquals': comparison(key),
  'ForAnyValue:StringLike': comparison(key),
  Null: z.record(key, z.enum(['true', 'false'])).optional(),
})

const statement = z.strictObject({
  Sid: z
    .string()
    .regex(/^[A-Za-z0-9]*$/, 'must be letters and digits')
    .optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore(action),
  Resource: oneOrMore(resource),
  Condition: condition.optional(),
})

export const policySchema = z.strictObject({
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: z.union([statement.transform((only) => [only]), z.array(statement)]),
})

export type Policy = z.output<typeof policySchema>
export type Statement = Policy['Statement'][number]
export type Condition = z.output<typeof condition>

/** Evaluates a policy for a call. */
import { literalText, matchesResource, wildcard } from './pattern.ts'
import type { Condition, Policy, Statement } from './policy.ts'

/** A permission to check; one per resource of a call. */
export type PermissionRequest = {
  /** ARN of the user or role whose policy applies. */
  principal: string
  /** `ec2:ReplaceRoute` */
  action: string
  /** An ARN, or `*` for a call on no particular resource. */
  resource: string
  /** Condition context, by lower-case key: IAM ignores their case. */
  context: Readonly<Record<string, readonly string[]>>
}

export type Judgement = 'allow' | 'implicit-deny' | 'explicit-deny'

/** Source: "Policy evaluation logic" in IAM's user guide, for identity-based policies. */
export function judge({ Statement: statements }: Policy, request: PermissionRequest): Judgement {
  const applying = statements.filter((statement) => applies(statement, request))
  if (applying.some(({ Effect }) => Effect === 'Deny')) return 'explicit-deny'
  return applying.length > 0 ? 'allow' : 'implicit-deny'
}

function applies(
  { Action, Resource, Condition }: Statement,
  { action, resource, context }: PermissionRequest,
): boolean {
  return (
    Action.some((pattern) => wildcard(pattern, 'i').test(action)) &&
    Resource.some((pattern) => matchesResource(pattern, resource)) &&
    (Condition === undefined || holds(Condition, context))
  )
}

/** Every key of every operator must match; for each key, any one of its values. */
function holds(condition: Condition, context: PermissionRequest['context']): boolean {
  const found = (key: string) => context[key.toLowerCase()] ?? []
  const every = (
    wanted: Readonly<Record<string, readonly string[]>> | undefined,
    test: (found: readonly string[], values: readonly string[]) => boolean,
  ) => Object.entries(wanted ?? {}).every(([key, values]) => test(found(key), values))

  return (
    every(condition.StringEquals, (given, values) => given.some(isOneOf(values))) &&
    every(condition.StringLike, (given, values) => given.some(isLike(values))) &&
    // As in IAM, also true for an absent key; a Null condition can exclude that.
    every(condition['ForAllValues:StringEquals'], (given, values) => given.every(isOneOf(values))) &&
    every(condition['ForAllValues:StringLike'], (given, values) => given.every(isLike(values))) &&
    every(condition['ForAnyValue:StringEquals'], (given, values) => given.some(isOneOf(values))) &&
    every(condition['ForAnyValue:StringLike'], (given, values) => given.some(isLike(values))) &&
    Object.entries(condition.Null ?? {}).every(([key, isNull]) => (found(key).length === 0) === (isNull === 'true'))
  )
}

const isOneOf = (values: readonly string[]) => (given: string) => values.some((value) => literalText(value) === given)
const isLike = (values: readonly string[]) => (given: string) => values.some((value) => wildcard(value).test(given))

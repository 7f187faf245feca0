import type { Action } from './actions/action.ts'
import { ApiError } from './errors.ts'
import { type Judgement, judge, type PermissionRequest } from './iam/judge.ts'
import { type Caller, type Region, tagsOf } from './model.ts'
import type { Params, Service } from './protocol.ts'
import { arnOf } from './resources.ts'

/** A call to authorize. */
type Asked = { caller: Caller; service: Service; name: string; action: Action; params: Params }

/**
 * The permissions a call needs: one per resource, or one for `*`; none if IAM does not apply.
 * @throws ApiError if the parameters are invalid
 */
export function permissionsFor(region: Region, { caller, service, name, action, params }: Asked): PermissionRequest[] {
  if (action.isFree) return []
  const ids = action.resources?.(params) ?? []
  const request = { principal: caller.principal, action: `${service}:${name}` }
  const ofRequest = requestContext(action.requestTags?.(params) ?? [])
  if (ids.length === 0) return [{ ...request, resource: '*', context: ofRequest }]
  return ids.map((id) => ({
    ...request,
    resource: arnOf(region, id),
    context: { ...ofRequest, ...resourceContext(tagsOf(region, id)) },
  }))
}

function requestContext(tags: readonly { key: string; value: string | undefined }[]): Record<string, string[]> {
  const values = tags.flatMap(({ key, value }) => (value === undefined ? [] : [entry('aws:RequestTag', key, value)]))
  return { ...(tags.length > 0 && { 'aws:tagkeys': tags.map(({ key }) => key) }), ...Object.fromEntries(values) }
}

function resourceContext(tags: ReadonlyMap<string, string>): Record<string, string[]> {
  return Object.fromEntries(
    ['aws:ResourceTag', 'ec2:ResourceTag'].flatMap((name) => [...tags].map(([key, value]) => entry(name, key, value))),
  )
}

function entry(name: string, key: string, value: string): [string, string[]] {
  return [`${name}/${key}`.toLowerCase(), [value]]
}

/**
 * The only authorization check, before the call does or reads anything: applies the deny list, then the caller's
 * policy, if any.
 * @throws ApiError UnauthorizedOperation; for STS, AccessDenied
 */
export function authorize(region: Region, caller: Caller, requests: readonly PermissionRequest[]): void {
  for (const request of requests) {
    const judgement = judgementOn(region, request)
    if (judgement !== 'allow') throw refusal(caller, request, judgement)
  }
}

function judgementOn(region: Region, request: PermissionRequest): Judgement {
  const denied = region.deny.some(
    ({ action, resource }) =>
      action === request.action.slice(request.action.indexOf(':') + 1) &&
      (resource === undefined || arnOf(region, resource) === request.resource),
  )
  if (denied) return 'explicit-deny'
  const policy = region.policies.get(request.principal)
  return policy === undefined ? 'allow' : judge(policy, request)
}

function refusal(caller: Caller, { action, resource, context }: PermissionRequest, judgement: Judgement): ApiError {
  const what = resource === '*' ? action : `${action} on resource: ${resource}`
  const explicitDeny = judgement === 'explicit-deny'
  const why = explicitDeny
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`
  const reason = `User: ${caller.arn} is not authorized to perform: ${what} ${why}`
  if (action.startsWith('sts:')) return new ApiError('AccessDenied', reason, 403)
  const encoded = Buffer.from(
    JSON.stringify({ allowed: false, explicitDeny, context: { principal: caller.arn, action, resource, ...context } }),
  ).toString('base64url')
  return new ApiError(
    'UnauthorizedOperation',
    `You are not authorized to perform this operation. ${reason}. Encoded authorization failure message: ${encoded}`,
    403,
  )
}

import { ApiError } from './errors.ts'
import type { Caller, Region } from './model.ts'
import type { Service } from './protocol.ts'
import { kindOf } from './resources.ts'

/**
 * The one place where a call is permitted or refused, before anything of it is done or looked at.
 * @param resourceIds empty for a call on no resource in particular
 * @throws ApiError UnauthorizedOperation; of STS, AccessDenied
 */
export function authorize(
  region: Region,
  caller: Caller,
  service: Service,
  action: string,
  resourceIds: readonly string[],
): void {
  const denial = region.deny.find(
    (candidate) =>
      candidate.action === action && (candidate.resource === undefined || resourceIds.includes(candidate.resource)),
  )
  if (denial === undefined) return
  const resourceId = denial.resource ?? resourceIds[0]
  const resource = resourceId === undefined ? '' : ` on resource: ${arnOf(region, resourceId)}`
  const reason = `User: ${caller.arn} is not authorized to perform: ${service}:${action}${resource} with an explicit deny in an identity-based policy`
  if (service === 'sts') throw new ApiError('AccessDenied', reason, 403)
  const encoded = Buffer.from(
    JSON.stringify({ allowed: false, explicitDeny: true, context: { principal: caller.arn, action, resourceId } }),
  ).toString('base64url')
  throw new ApiError(
    'UnauthorizedOperation',
    `You are not authorized to perform this operation. ${reason}. Encoded authorization failure message: ${encoded}`,
    403,
  )
}

function arnOf(region: Region, id: string): string {
  return id.startsWith('arn:') ? id : `arn:aws:ec2:${region.name}:${region.account}:${kindOf(id)?.type ?? '*'}/${id}`
}

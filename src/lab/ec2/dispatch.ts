import type { IncomingMessage } from 'node:http'
import { actions } from './actions/all.ts'
import { callerOf } from './actions/sts.ts'
import { ApiError, ForeignAnswer } from './errors.ts'
import type { PermissionRequest } from './iam/judge.ts'
import type { Region } from './model.ts'
import { authorize, permissionsFor } from './permission.ts'
import { flag, type Params, renderAnswer, renderError, type Service, type Xml } from './protocol.ts'

/** A request; kept in order of arrival. */
export type RequestRecord = {
  action: string
  params: Params
  /** Milliseconds since the epoch. */
  at: number
  /** The signing access key; absent if unsigned. */
  key?: string
  /** Signing time by the caller's clock, in milliseconds since the epoch; absent if not given. */
  signedAt?: number
  /** The permissions it needed; absent until checked. */
  permissions?: PermissionRequest[]
  /** HTTP status of the response; absent until there is one. */
  status?: number
  /** The error code of the response. */
  error?: string
}

/** Called before a signed request is authorized. May wait; a thrown ApiError or ForeignAnswer becomes the response. */
export type Intercept = (request: Readonly<RequestRecord>) => void | Promise<void>

export type HttpAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Handles one request and completes its record. */
export async function answer(
  region: Region,
  record: RequestRecord,
  requestId: string,
  intercept: Intercept | undefined,
): Promise<HttpAnswer> {
  const { action, params } = record
  const service: Service = params.Version === '2011-06-15' ? 'sts' : 'ec2'
  const headers = { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId }
  try {
    const content = await run(region, service, record, intercept)
    record.status = 200
    return { status: 200, headers, body: renderAnswer(service, action, requestId, content) }
  } catch (cause) {
    if (cause instanceof ForeignAnswer) {
      record.status = cause.status
      return cause
    }
    const error =
      cause instanceof ApiError ? cause : new ApiError('InternalError', `An internal error has occurred: ${cause}`, 500)
    record.status = error.status
    record.error = error.code
    return { status: error.status, headers, body: renderError(service, requestId, error) }
  }
}

async function run(
  region: Region,
  service: Service,
  record: RequestRecord,
  intercept: Intercept | undefined,
): Promise<{ [name: string]: Xml }> {
  const { action: name, params, key } = record
  if (name === '') throw new ApiError('MissingAction', 'The request is missing an action or a required parameter.')
  const action = Object.hasOwn(actions[service], name) ? actions[service][name] : undefined
  if (action === undefined) {
    throw new ApiError('InvalidAction', `The action ${name} is not valid for this web service.`)
  }
  if (key === undefined) {
    throw new ApiError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401)
  }
  await intercept?.(record)
  const revoked = region.revoked.get(key)
  if (revoked !== undefined) throw new ApiError(revoked, 'The security token included in the request is expired')
  const caller = callerOf(region, key)
  record.permissions = permissionsFor(region, { caller, service, name, action, params })
  authorize(region, caller, record.permissions)
  if (flag(params, 'DryRun')) {
    throw new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412)
  }
  return action.run({ region, params, caller })
}

/** The key a request is signed with (in its header or query), and when. */
export function signatureOf(request: IncomingMessage, params: Params): Pick<RequestRecord, 'key' | 'signedAt'> {
  const header = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/.*Signature=[0-9a-f]+/.exec(request.headers.authorization ?? '')
  const key = header ? header[1] : params['X-Amz-Signature'] && params['X-Amz-Credential']?.split('/')[0]
  const date = String(request.headers['x-amz-date'] ?? params['X-Amz-Date'] ?? '')
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, '$1-$2-$3:$4:$5'))
  return { ...(key && { key }), ...(!Number.isNaN(at) && { signedAt: at }) }
}

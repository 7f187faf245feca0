import type { Caller, Region } from '../model.ts'
import type { Params, Xml } from '../protocol.ts'

/** One call, when it is known who makes it. */
export type Call = {
  region: Region
  params: Params
  caller: Caller
}

export type Action = {
  /** The ids of what the call is on, for the permission check. @throws ApiError where the parameters do not tell it */
  resources?: (params: Params) => string[]
  /** The tags that the call names, for the permission check. @throws ApiError where the parameters do not tell it */
  requestTags?: (params: Params) => { key: string; value: string | undefined }[]
  /** Whether everybody may make it, whatever a policy says. */
  isFree?: true
  /** Does the call, at once, and makes the answer's body. @throws ApiError */
  run: (call: Call) => { [name: string]: Xml }
}

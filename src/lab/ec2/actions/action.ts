import type { Caller, Region } from '../model.ts'
import type { Params, Xml } from '../protocol.ts'

/** A call with its caller identified. */
export type Call = {
  region: Region
  params: Params
  caller: Caller
}

export type Action = {
  /** Ids of the resources to check permission for. @throws ApiError if the parameters are invalid */
  resources?: (params: Params) => string[]
  /** The tags in the request, for the permission check. @throws ApiError if the parameters are invalid */
  requestTags?: (params: Params) => { key: string; value: string | undefined }[]
  /** Needs no permission. */
  isFree?: true
  /** Executes the call synchronously; returns the response body. @throws ApiError */
  run: (call: Call) => { [name: string]: Xml }
}

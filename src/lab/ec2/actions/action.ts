import type { Caller, Region } from '../model.ts'
import type { Params, Xml } from '../protocol.ts'

/** One call, when it is known who makes it. */
export interface Call {
  region: Region
  params: Params
  caller: Caller
}

export interface Action {
  /** The ids of what the call is on, for the permission check. Throws for parameters without which it cannot be told. */
  resources?: (params: Params) => string[]
  /** Does the call, at once, and makes the answer's body. Throws ApiError. */
  run: (call: Call) => { [name: string]: Xml }
}

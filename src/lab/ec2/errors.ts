/** An API error. `status` is the HTTP status. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
  }
}

/** A response from something in between, such as a proxy or a captive portal, sent as is. */
export class ForeignAnswer extends Error {
  override name = 'ForeignAnswer'
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, body = '', headers: Readonly<Record<string, string>> = {}) {
    super(`HTTP ${status}`)
    this.status = status
    this.body = body
    this.headers = headers
  }
}

/** EC2 writes parameter names in lower camel case in its messages. */
export function parameterInMessage(parameter: string): string {
  return parameter.charAt(0).toLowerCase() + parameter.slice(1)
}

/** @param parameter its name in the request */
export function missingParameter(parameter: string): ApiError {
  return new ApiError('MissingParameter', `The request must contain the parameter ${parameterInMessage(parameter)}`)
}

/** @param why a sentence, appended to the message */
export function invalidValue(parameter: string, value: string, why: string): ApiError {
  return new ApiError(
    'InvalidParameterValue',
    `Value (${value}) for parameter ${parameterInMessage(parameter)} is invalid. ${why}`,
  )
}

/** What an answer of EC2, or the lack of one, means: one table of classes. */
import { Failure } from '../errors.ts'

/**
 * - `retry`: may pass by itself; the call is idempotent, so it is sent again
 * - `throttle`: the account's token bucket is empty; sent again, later
 * - `create-instead`: ReplaceRoute found no such route
 * - `permitted`: a dry run that would have been allowed, which EC2 reports as an error
 * - `denied`: IAM says no
 * - `fatal`: sending it again cannot help
 */
export type ErrorClass = 'retry' | 'throttle' | 'create-instead' | 'permitted' | 'denied' | 'fatal'

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, and Node's and the SDK's own names. */
const CLASSES: Readonly<Record<string, ErrorClass>> = {
  RequestLimitExceeded: 'throttle',
  Throttling: 'throttle',
  ThrottlingException: 'throttle',
  EC2ThrottledException: 'throttle',
  ProvisionedThroughputExceededException: 'throttle',
  InternalError: 'retry',
  InternalFailure: 'retry',
  ServerInternal: 'retry',
  Unavailable: 'retry',
  ServiceUnavailable: 'retry',
  // Another writer was faster between our ReplaceRoute ("no such route") and our CreateRoute: replace again.
  RouteAlreadyExists: 'retry',
  // A clock that is off: the SDK learns the offset from the answer and signs the next attempt with it.
  RequestExpired: 'retry',
  // IMDS does not answer for a moment.
  CredentialsProviderError: 'retry',
  TimeoutError: 'retry',
  ECONNREFUSED: 'retry',
  ECONNRESET: 'retry',
  EHOSTUNREACH: 'retry',
  ENETUNREACH: 'retry',
  ENOTFOUND: 'retry',
  EAI_AGAIN: 'retry',
  EPIPE: 'retry',
  ETIMEDOUT: 'retry',
  'InvalidRoute.NotFound': 'create-instead',
  DryRunOperation: 'permitted',
  UnauthorizedOperation: 'denied',
  AuthFailure: 'denied',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
}

/** ReplaceRoute says it with a general code (facts of the wire: moto#6425, Terraform's logs). */
const NO_SUCH_ROUTE = /Use CreateRoute instead/

/** What EC2 adds to a denial, hundreds of letters long; the reason before it says in words what it holds. */
const ENCODED_DENIAL = /\.? Encoded authorization failure message: \S+$/

/** What to do, where one thing is by far the likeliest. */
const REMEDIES: Readonly<Record<string, string>> = {
  UnauthorizedOperation: 'give this role the IAM policy that vip-switch iam-policy prints',
  AccessDenied:
    'give this role the IAM policy that vip-switch iam-policy prints, and name it in the other’s trust policy',
  AuthFailure: 'check the credentials and the clock of this host',
  CredentialsProviderError: 'attach an IAM role to the instance, or set AWS_PROFILE or AWS_ACCESS_KEY_ID',
  'InvalidRouteTableID.NotFound': 'check the id, the region and the account: vip-switch list shows what is there',
  'InvalidNetworkInterfaceID.NotFound': 'the interface is gone: check eni or interface in the config',
  RouteLimitExceeded: 'remove routes, or request a higher quota of routes per table',
  ECONNREFUSED: 'check AWS_ENDPOINT_URL, the proxy and the route to the EC2 API',
  ENOTFOUND: 'check the region and DNS',
  ETIMEDOUT: 'check the route, the security group and the VPC endpoint to the EC2 API',
  TimeoutError: 'check the route, the security group and the VPC endpoint to the EC2 API',
}

/** Whose answer it is, and what to do about it that EC2's remedies do not say. */
type Service = { readonly name: string; readonly remedies: Readonly<Record<string, string>> }
const EC2: Service = { name: 'EC2', remedies: {} }

/** A call to EC2, or to a service with errors of the same kind, that did not succeed. */
export class Ec2Error extends Failure {
  override name = 'Ec2Error'
  readonly code: string
  readonly class: ErrorClass
  readonly requestId: string | undefined
  /** HTTP status of the answer; undefined: there was none. */
  readonly status: number | undefined
  readonly service: string

  /** @param hint what to do, where the table above knows less */
  constructor(attempted: string, error: unknown, hint?: string, service = EC2) {
    const { code, requestId, text, status } = readError(error)
    const answered = requestId ? `${service.name} answered ${code} (request ${requestId})` : code
    super('failed', `${attempted}: ${answered}: ${text}`, {
      hint: hint ?? service.remedies[code] ?? REMEDIES[code],
      cause: error,
    })
    this.service = service.name
    this.code = code
    this.class = classOf(code, text, status)
    this.requestId = requestId
    this.status = status
  }
}

/** Whether EC2 has judged the request itself: at this moment, another attempt would be answered the same way. */
export function isVerdict(error: unknown): boolean {
  if (!(error instanceof Ec2Error)) return true
  const { class: errorClass, status } = error
  if (errorClass === 'retry') return status !== undefined && status < 500
  return errorClass !== 'throttle'
}

/** Which service did not do what it was asked for; EC2 where nothing says so. */
export function serviceOf(error: unknown): string {
  if (error instanceof Ec2Error) return error.service
  return error instanceof Failure && error.cause instanceof Ec2Error ? error.cause.service : EC2.name
}

function classOf(code: string, message: string, status: number | undefined): ErrorClass {
  if (code === 'InvalidParameterValue' && NO_SUCH_ROUTE.test(message)) return 'create-instead'
  return CLASSES[code] ?? (status !== undefined && status >= 500 ? 'retry' : 'fatal')
}

type ErrorFacts = { code: string; requestId: string | undefined; text: string; status: number | undefined }

/** The SDK's service errors carry `name` and `$metadata`, Node's network errors `code`. */
function readError(error: unknown): ErrorFacts {
  if (!(error instanceof Error))
    return { code: 'Unknown', requestId: undefined, text: String(error), status: undefined }
  const metadata = Object(Reflect.get(error, '$metadata'))
  const networkCode: unknown = Reflect.get(error, 'code')
  const requestId: unknown = Reflect.get(metadata, 'requestId')
  const status: unknown = Reflect.get(metadata, 'httpStatusCode')
  const message = error.message.replace(ENCODED_DENIAL, '')
  const isNetwork = typeof networkCode === 'string' && networkCode in CLASSES
  return {
    code: isNetwork ? networkCode : error.name,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    // Node's AggregateError of a failed connect has no message of its own.
    text: message || (error instanceof AggregateError ? error.errors.map(String).join(', ') : error.name),
    status: typeof status === 'number' ? status : undefined,
  }
}

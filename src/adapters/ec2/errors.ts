/** Classifies EC2's errors and failures to reach EC2, in one table. */
import { codeOf, Failure } from '../../platform/errors.ts'

/**
 * - `retry`: transient; the call is idempotent, so it is sent again
 * - `throttle`: the account's token bucket is empty; retried with a longer backoff
 * - `create-instead`: ReplaceRoute found no such route
 * - `permitted`: a dry run that would have been allowed, which EC2 reports as an error
 * - `denied`: IAM denies the call
 * - `fatal`: retrying cannot help
 */
export type ErrorClass = 'retry' | 'throttle' | 'create-instead' | 'permitted' | 'denied' | 'fatal'

/**
 * What we know about an error code: its class, and a hint on its meaning and remedy. `lasts`: it stays until somebody
 * does something about it, which a daemon waits for; whoever runs a command is told at once.
 */
type Known =
  | { readonly class: 'retry' | 'throttle' | 'denied' | 'fatal'; readonly hint: string; readonly lasts?: true }
  | { readonly class: 'create-instead' | 'permitted' }

const NOT_ALLOWED = 'the role lacks a permission: attach the IAM policy that vip-switch iam-policy prints'
const throttled: Known = {
  class: 'throttle',
  hint: 'this account calls this action too often in this region: find the caller in CloudTrail, or request a higher limit',
}
const SERVER_ERROR_HINT = 'AWS has a problem: if it persists, see AWS Health'
const serverError: Known = { class: 'retry', hint: SERVER_ERROR_HINT }
const unanswered: Known = {
  class: 'retry',
  hint: 'no answer: check the route, the security group and the VPC endpoint to the API, or HTTPS_PROXY',
}
const disconnected: Known = {
  class: 'retry',
  hint: 'the connection was cut: if that persists, check the proxy and the VPC endpoint',
}
const WRONG_SERVER_HINT = 'find out what answers at the endpoint (curl -v): check the proxy, DNS and AWS_ENDPOINT_URL'
const unreachable: Known = {
  class: 'retry',
  hint: 'this host has no route to the API: check its route table, and the NAT gateway or VPC endpoint behind it',
}
const UNRESOLVED_HINT = 'the API’s host name does not resolve: check the region and DNS'
const untrusted: Known = {
  class: 'retry',
  lasts: true,
  hint: 'the server’s certificate is from a CA that this host does not trust: install ca-certificates, or add a proxy’s CA with NODE_EXTRA_CA_CERTS',
}
const outsideValidity: Known = {
  class: 'retry',
  lasts: true,
  hint: 'the server’s certificate has expired or is not yet valid: check this host’s clock, and what answers',
}
const noTable: Known = {
  class: 'fatal',
  hint: 'no such route table: check the id, the region and the account; vip-switch list shows the existing ones',
}
const noInterface: Known = {
  class: 'fatal',
  hint: 'no such network interface: check the id, the region and the account',
}
const unidentified: Known = {
  class: 'denied',
  hint: 'AWS rejects the credentials: check them (aws sts get-caller-identity) and this host’s clock',
}
// Retried, since a file may still be rewritten; environment credentials cannot be renewed (refusals.ts).
const expired: Known = {
  class: 'retry',
  lasts: true,
  hint: 'the session has expired and no newer one is available yet: log in again',
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, STS, Node and the SDK. */
const KNOWN: Readonly<Record<string, Known>> = {
  RequestLimitExceeded: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  EC2ThrottledException: throttled,
  ProvisionedThroughputExceededException: throttled,
  InternalError: serverError,
  InternalFailure: serverError,
  ServerInternal: serverError,
  Unavailable: serverError,
  ServiceUnavailable: serverError,
  // Another writer created it between our ReplaceRoute ("no such route") and our CreateRoute: replace it. EC2 gives the
  // same answer for the VPC's own route (terraform-provider-aws#23866).
  RouteAlreadyExists: {
    class: 'retry',
    hint: 'another writer created it first; if this persists, the VIP is the VPC’s own CIDR: choose one outside it',
  },
  // Clock skew: the SDK learns the offset from the response and corrects the next signature.
  RequestExpired: { class: 'retry', hint: 'this host’s clock is wrong (timedatectl), or the session has expired' },
  // A hook waits for them: IMDS may be briefly unavailable.
  CredentialsProviderError: {
    class: 'retry',
    lasts: true,
    hint: 'set AWS_PROFILE, --profile or AWS_ACCESS_KEY_ID; on an instance, attach an IAM role to it',
  },
  TimeoutError: unanswered,
  ETIMEDOUT: unanswered,
  ECONNREFUSED: {
    class: 'retry',
    hint: 'nothing listens there: check AWS_ENDPOINT_URL, the proxy and the route to the API',
  },
  // Our own (answers.ts): a response that is not the service's, and a call that it accepted but did not carry out.
  UnexpectedAnswer: { class: 'retry', hint: WRONG_SERVER_HINT },
  // Our own (proxy.ts).
  ProxyRefusal: {
    class: 'retry',
    lasts: true,
    hint: 'let the proxy connect to that host (407: put user:password@ into HTTPS_PROXY), or name the host in NO_PROXY',
  },
  NotDone: serverError,
  ECONNRESET: disconnected,
  EPIPE: disconnected,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOTFOUND: { class: 'retry', lasts: true, hint: UNRESOLVED_HINT },
  // https://nodejs.org/docs/latest-v20.x/api/tls.html#x509-certificate-error-codes
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    class: 'retry',
    lasts: true,
    hint: 'the server’s certificate is for another name: check DNS, the proxy and AWS_ENDPOINT_URL',
  },
  EPROTO: {
    class: 'retry',
    hint: 'the server does not speak TLS as EC2 does: check the proxy and AWS_ENDPOINT_URL',
  },
  CERT_HAS_EXPIRED: outsideValidity,
  CERT_NOT_YET_VALID: outsideValidity,
  EAI_AGAIN: { class: 'retry', hint: UNRESOLVED_HINT },
  'InvalidRoute.NotFound': { class: 'create-instead' },
  DryRunOperation: { class: 'permitted' },
  UnauthorizedOperation: { class: 'denied', hint: NOT_ALLOWED },
  AccessDeniedException: { class: 'denied', hint: NOT_ALLOWED },
  AccessDenied: {
    class: 'denied',
    hint: 'the role may not assume the other role: attach the IAM policy that vip-switch iam-policy prints, and add it to the other’s trust policy',
  },
  AuthFailure: unidentified,
  // The codes of STS and DynamoDB (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
  InvalidClientTokenId: unidentified,
  UnrecognizedClientException: unidentified,
  SignatureDoesNotMatch: unidentified,
  InvalidSignatureException: unidentified,
  OptInRequired: { class: 'denied', hint: 'the region is not enabled for this account: enable it, or check region' },
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  'InvalidRouteTableID.NotFound': noTable,
  'InvalidRouteTableId.Malformed': noTable,
  'InvalidNetworkInterfaceID.NotFound': noInterface,
  'InvalidNetworkInterfaceId.Malformed': noInterface,
  'InvalidPrefixListID.NotFound': { class: 'fatal', hint: 'no such prefix list: check the id and the region' },
  InvalidParameterValue: {
    class: 'fatal',
    hint: 'EC2 rejects the value: a VIP must be outside every CIDR of the VPC, and the interface in the table’s VPC',
  },
  RouteLimitExceeded: {
    class: 'fatal',
    hint: 'the table is full: remove routes, or request a higher quota for routes per table',
  },
  TagLimitExceeded: { class: 'fatal', hint: 'the interface already has 50 tags, EC2’s limit: remove some' },
}

/** ReplaceRoute reports it with a general code (moto#6425, Terraform's logs). */
const NO_SUCH_ROUTE = /Use CreateRoute instead/

/** Appended by EC2 to a denial: hundreds of characters that encode what the text before them already says. */
const ENCODED_DENIAL = /\.? Encoded authorization failure message: \S+$/

const ALL_CODES = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html'

/** A service, with hints for its errors that differ from the table above. */
type Service = { readonly name: string; readonly remedies: Readonly<Record<string, string>> }
const EC2: Service = { name: 'EC2', remedies: {} }

/** A failed call to EC2, or to a service with similar errors. */
export class Ec2Error extends Failure {
  override name = 'Ec2Error'
  readonly code: string
  readonly class: ErrorClass
  readonly requestId: string | undefined
  /** HTTP status, if there was a response. */
  readonly status: number | undefined
  readonly service: string
  /** Whether it stays until somebody does something about it. */
  readonly lasts: boolean

  /** @param hint, lasts override the table's */
  constructor(
    attempted: string,
    error: unknown,
    hint?: string,
    { service = EC2, lasts }: { service?: Service; lasts?: boolean } = {},
  ) {
    const facts = readError(error)
    const { code, requestId, text, status } = facts
    const answered = requestId ? `${service.name} answered ${code} (request ${requestId})` : code
    super('failed', `${attempted}: ${answered}: ${text}`, {
      hint: hint ?? service.remedies[code] ?? hintOf(facts),
      cause: error,
    })
    this.service = service.name
    this.code = code
    this.class = classOf(facts)
    this.lasts = lasts ?? doesLast(code)
    this.requestId = requestId
    this.status = status
  }
}

/** Whether EC2 has judged the request itself, so that another attempt right now would get the same answer. */
export function isVerdict(error: unknown): boolean {
  if (!(error instanceof Ec2Error)) return true
  const { class: errorClass, status } = error
  if (errorClass === 'retry') return status !== undefined && status < 500
  return errorClass !== 'throttle'
}

/** EC2's codes for a missing interface; CreateTags uses InvalidID for any unknown id. */
const NO_INTERFACE = new Set(['InvalidNetworkInterfaceID.NotFound', 'InvalidID'])
/** The interface belongs to another VPC than the table (seen in OpenStack's ec2-api). */
const OTHER_NETWORK = /belong to different networks/

/** Whether the named interface does not exist, or is in the wrong VPC. */
export function isAboutInterface(error: unknown): boolean {
  return error instanceof Ec2Error && (NO_INTERFACE.has(error.code) || OTHER_NETWORK.test(error.message))
}

/** Whether the only problem is that the account has sent too many requests. */
export function isThrottle(error: unknown): boolean {
  const cause = error instanceof Failure && !(error instanceof Ec2Error) ? error.cause : error
  return cause instanceof Ec2Error && cause.class === 'throttle'
}

/** The service that the call failed at; EC2 by default. */
export function serviceOf(error: unknown): string {
  if (error instanceof Ec2Error) return error.service
  return error instanceof Failure && error.cause instanceof Ec2Error ? error.cause.service : EC2.name
}

/** The hint for a code; undefined for an unknown code without an HTTP response. */
export function hintOfCode(code: string, status?: number): string | undefined {
  const known = KNOWN[code]
  if (known) return 'hint' in known ? known.hint : undefined
  if (status === undefined) return undefined
  return status >= 500 ? SERVER_ERROR_HINT : `the request was rejected: for EC2’s error codes, see ${ALL_CODES}`
}

function hintOf({ code, status, isTransport }: ErrorFacts): string | undefined {
  return hintOfCode(code, status) ?? (isTransport ? WRONG_SERVER_HINT : undefined)
}

function classOf({ code, text, status, isTransport }: ErrorFacts): ErrorClass {
  if (code === 'InvalidParameterValue' && NO_SUCH_ROUTE.test(text)) return 'create-instead'
  const known = KNOWN[code]
  if (known) return known.class
  return isTransport || (status !== undefined && status >= 500) ? 'retry' : 'fatal'
}

function doesLast(code: string): boolean {
  const known = KNOWN[code]
  return known !== undefined && 'lasts' in known
}

type ErrorFacts = {
  readonly code: string
  readonly requestId: string | undefined
  readonly text: string
  readonly status: number | undefined
  /** Whether the OS, TLS or HTTP failed before a service could answer. */
  readonly isTransport: boolean
}

/** The form of error names in EC2, Node and the SDK; anything else is not shown as a code. */
const CODE = /^[A-Za-z][\w.:-]{0,99}$/

/** Extracts the facts: the SDK's service errors carry `name` and `$metadata`, Node's network errors `code`. */
function readError(error: unknown): ErrorFacts {
  if (!(error instanceof Error))
    return { code: 'Unknown', requestId: undefined, text: String(error), status: undefined, isTransport: false }
  const metadata = Object(Reflect.get(error, '$metadata'))
  const requestId: unknown = Reflect.get(metadata, 'requestId')
  const status: unknown = Reflect.get(metadata, 'httpStatusCode')
  const message = error.message.replace(ENCODED_DENIAL, '')
  const nodeCode = codeOf(error)
  // Misuse of Node's API, a bug of ours, also carries a code, but is a TypeError or RangeError.
  const isTransport = nodeCode !== undefined && !(error instanceof TypeError || error instanceof RangeError)
  const code = isTransport ? nodeCode : error.name
  return {
    code: CODE.test(code) ? code : 'Unknown',
    requestId: typeof requestId === 'string' ? requestId : undefined,
    // The AggregateError of a failed connect has no message.
    text: message || (error instanceof AggregateError ? error.errors.map(String).join(', ') : error.name),
    status: typeof status === 'number' ? status : undefined,
    isTransport,
  }
}

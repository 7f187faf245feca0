/** What an answer of EC2, or the lack of one, means: one table of classes. */
import { codeOf, Failure } from '../../platform/errors.ts'

/**
 * - `retry`: may pass by itself; the call is idempotent, so it is sent again
 * - `throttle`: the account's token bucket is empty; sent again, later
 * - `create-instead`: ReplaceRoute found no such route
 * - `permitted`: a dry run that would have been allowed, which EC2 reports as an error
 * - `denied`: IAM says no
 * - `fatal`: sending it again cannot help
 */
export type ErrorClass = 'retry' | 'throttle' | 'create-instead' | 'permitted' | 'denied' | 'fatal'

/** What is known of an answer: its class, and for people what it means and what to do. */
type Known =
  | { readonly class: 'retry' | 'throttle' | 'denied' | 'fatal'; readonly hint: string }
  | { readonly class: 'create-instead' | 'permitted' }

const NOT_ALLOWED = 'the role may not do this: give it the IAM policy that vip-switch iam-policy prints'
const throttled: Known = {
  class: 'throttle',
  hint: 'this account makes too many calls of this action in this region: find who does (CloudTrail), or ask AWS for more',
}
const BROKEN_HINT = 'AWS has trouble of its own: if it lasts, see AWS Health'
const broken: Known = { class: 'retry', hint: BROKEN_HINT }
const unanswered: Known = {
  class: 'retry',
  hint: 'no answer: check the route, the security group and the VPC endpoint to the API',
}
const cutOff: Known = {
  class: 'retry',
  hint: 'the connection was cut: if it lasts, check the proxy and the VPC endpoint',
}
const WHO_ANSWERS = 'see who answers at the endpoint (curl -v): check the proxy, DNS and AWS_ENDPOINT_URL'
const unrouted: Known = {
  class: 'retry',
  hint: 'this host has no route to the API: check its route table, and the NAT gateway or VPC endpoint behind it',
}
const unresolved: Known = { class: 'retry', hint: 'the name of the API is not resolved: check the region and DNS' }
const untrusted: Known = {
  class: 'retry',
  hint: 'whoever answers has a certificate of a CA that this host does not know: install ca-certificates, or name the CA of a proxy in NODE_EXTRA_CA_CERTS',
}
const untimely: Known = {
  class: 'retry',
  hint: 'the certificate is of another time: check the clock of this host, and who answers',
}
const noTable: Known = {
  class: 'fatal',
  hint: 'no such route table: check the id, the region and the account: vip-switch list shows what is there',
}
const noInterface: Known = {
  class: 'fatal',
  hint: 'there is no such interface: check its id, the region and the account',
}
const unidentified: Known = {
  class: 'denied',
  hint: 'AWS does not know who is asking: check the credentials (aws sts get-caller-identity) and the clock of this host',
}
// Of credentials that can be renewed, unlike those of the environment (refusals.ts): a file may be rewritten yet.
const expired: Known = { class: 'retry', hint: 'the session has expired, and nothing newer is found yet: log in anew' }

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, STS, and Node's and the SDK's own names. */
const KNOWN: Readonly<Record<string, Known>> = {
  RequestLimitExceeded: throttled,
  Throttling: throttled,
  ThrottlingException: throttled,
  EC2ThrottledException: throttled,
  ProvisionedThroughputExceededException: throttled,
  InternalError: broken,
  InternalFailure: broken,
  ServerInternal: broken,
  Unavailable: broken,
  ServiceUnavailable: broken,
  // Another writer was faster between our ReplaceRoute ("no such route") and our CreateRoute: replace again. A route that
  // is the VPC's own is answered so, too (terraform-provider-aws#23866).
  RouteAlreadyExists: {
    class: 'retry',
    hint: 'another writer was faster; if it lasts, the VIP is the VPC’s own CIDR: choose one outside',
  },
  // A clock that is off: the SDK learns the offset from the answer and signs the next attempt with it.
  RequestExpired: { class: 'retry', hint: 'the clock of this host is off (timedatectl), or the session has expired' },
  // IMDS does not answer for a moment.
  CredentialsProviderError: {
    class: 'retry',
    hint: 'there are no credentials: attach an IAM role to the instance, or set AWS_PROFILE or AWS_ACCESS_KEY_ID',
  },
  TimeoutError: unanswered,
  ETIMEDOUT: unanswered,
  ECONNREFUSED: {
    class: 'retry',
    hint: 'nobody listens there: check AWS_ENDPOINT_URL, the proxy and the route to the API',
  },
  // Of our own (answers.ts): not what the service answers, and its answer that it has not done what it took.
  UnexpectedAnswer: { class: 'retry', hint: WHO_ANSWERS },
  NotDone: broken,
  ECONNRESET: cutOff,
  EPIPE: cutOff,
  EHOSTUNREACH: unrouted,
  ENETUNREACH: unrouted,
  ENOTFOUND: unresolved,
  // https://nodejs.org/docs/latest-v20.x/api/tls.html#x509-certificate-error-codes
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    class: 'retry',
    hint: 'whoever answers has a certificate of another name: check DNS, the proxy and AWS_ENDPOINT_URL',
  },
  EPROTO: {
    class: 'retry',
    hint: 'whoever answers does not speak TLS as EC2 does: check the proxy and AWS_ENDPOINT_URL',
  },
  CERT_HAS_EXPIRED: untimely,
  CERT_NOT_YET_VALID: untimely,
  EAI_AGAIN: unresolved,
  'InvalidRoute.NotFound': { class: 'create-instead' },
  DryRunOperation: { class: 'permitted' },
  UnauthorizedOperation: { class: 'denied', hint: NOT_ALLOWED },
  AccessDeniedException: { class: 'denied', hint: NOT_ALLOWED },
  AccessDenied: {
    class: 'denied',
    hint: 'the role may not assume the other: give it the IAM policy that vip-switch iam-policy prints, and name it in the other’s trust policy',
  },
  AuthFailure: unidentified,
  // So STS and DynamoDB call it (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
  InvalidClientTokenId: unidentified,
  UnrecognizedClientException: unidentified,
  SignatureDoesNotMatch: unidentified,
  InvalidSignatureException: unidentified,
  OptInRequired: { class: 'denied', hint: 'the region is not enabled for this account: check region, or enable it' },
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  'InvalidRouteTableID.NotFound': noTable,
  'InvalidRouteTableId.Malformed': noTable,
  'InvalidNetworkInterfaceID.NotFound': noInterface,
  'InvalidNetworkInterfaceId.Malformed': noInterface,
  'InvalidPrefixListID.NotFound': { class: 'fatal', hint: 'no such prefix list: check the id and the region' },
  InvalidParameterValue: {
    class: 'fatal',
    hint: 'it is not taken as it is: a VIP must lie outside every CIDR of the VPC, and the interface in the VPC of the table',
  },
  RouteLimitExceeded: { class: 'fatal', hint: 'the table is full: remove routes, or request a higher quota per table' },
  TagLimitExceeded: { class: 'fatal', hint: 'the interface has 50 tags, the most that EC2 allows: remove some' },
}

/** ReplaceRoute says it with a general code (facts of the wire: moto#6425, Terraform's logs). */
const NO_SUCH_ROUTE = /Use CreateRoute instead/

/** What EC2 adds to a denial, hundreds of letters long; the reason before it says in words what it holds. */
const ENCODED_DENIAL = /\.? Encoded authorization failure message: \S+$/

const ALL_CODES = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html'

/** Whose answer it is, and what to do about it that the table above does not say. */
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

  /** @param hint what it means and what to do, where the table above knows less */
  constructor(attempted: string, error: unknown, hint?: string, service = EC2) {
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

/** What EC2 says of an interface that is gone; CreateTags calls any id so that it does not know. */
const NO_INTERFACE = new Set(['InvalidNetworkInterfaceID.NotFound', 'InvalidID'])
/** Of an interface of another VPC than the table's (facts of the wire: OpenStack's ec2-api). */
const OTHER_NETWORK = /belong to different networks/

/** Whether it says that an interface that was named is not, or is not where it should be. */
export function isAboutInterface(error: unknown): boolean {
  return error instanceof Ec2Error && (NO_INTERFACE.has(error.code) || OTHER_NETWORK.test(error.message))
}

/** Whether nothing is wrong with the request but that the account has sent too many. */
export function isThrottle(error: unknown): boolean {
  const cause = error instanceof Failure && !(error instanceof Ec2Error) ? error.cause : error
  return cause instanceof Ec2Error && cause.class === 'throttle'
}

/** Which service did not do what it was asked for; EC2 where nothing says so. */
export function serviceOf(error: unknown): string {
  if (error instanceof Ec2Error) return error.service
  return error instanceof Failure && error.cause instanceof Ec2Error ? error.cause.service : EC2.name
}

/** What an answer means, and what to do; undefined where nothing has answered anything. */
export function hintOfCode(code: string, status?: number): string | undefined {
  const known = KNOWN[code]
  if (known) return 'hint' in known ? known.hint : undefined
  if (status === undefined) return undefined
  return status >= 500 ? BROKEN_HINT : `it is not taken as it is: for the codes of EC2, see ${ALL_CODES}`
}

function hintOf({ code, status, isOnTheWay }: ErrorFacts): string | undefined {
  return hintOfCode(code, status) ?? (isOnTheWay ? WHO_ANSWERS : undefined)
}

function classOf({ code, text, status, isOnTheWay }: ErrorFacts): ErrorClass {
  if (code === 'InvalidParameterValue' && NO_SUCH_ROUTE.test(text)) return 'create-instead'
  const known = KNOWN[code]
  if (known) return known.class
  return isOnTheWay || (status !== undefined && status >= 500) ? 'retry' : 'fatal'
}

type ErrorFacts = {
  readonly code: string
  readonly requestId: string | undefined
  readonly text: string
  readonly status: number | undefined
  /** Whether the system, TLS or HTTP failed before any service could answer. */
  readonly isOnTheWay: boolean
}

/** What EC2, Node and the SDK name their errors; anything else is not shown as a code. */
const CODE = /^[A-Za-z][\w.:-]{0,99}$/

/** The SDK's service errors carry `name` and `$metadata`, Node's network errors `code`. */
function readError(error: unknown): ErrorFacts {
  if (!(error instanceof Error))
    return { code: 'Unknown', requestId: undefined, text: String(error), status: undefined, isOnTheWay: false }
  const metadata = Object(Reflect.get(error, '$metadata'))
  const requestId: unknown = Reflect.get(metadata, 'requestId')
  const status: unknown = Reflect.get(metadata, 'httpStatusCode')
  const message = error.message.replace(ENCODED_DENIAL, '')
  const nodeCode = codeOf(error)
  // Node names its own misuse, a bug of ours, by a code and a type.
  const isOnTheWay = nodeCode !== undefined && !(error instanceof TypeError || error instanceof RangeError)
  const code = isOnTheWay ? nodeCode : error.name
  return {
    code: CODE.test(code) ? code : 'Unknown',
    requestId: typeof requestId === 'string' ? requestId : undefined,
    // Node's AggregateError of a failed connect has no message of its own.
    text: message || (error instanceof AggregateError ? error.errors.map(String).join(', ') : error.name),
    status: typeof status === 'number' ? status : undefined,
    isOnTheWay,
  }
}

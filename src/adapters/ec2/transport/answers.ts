/**
 * Validates responses before the SDK sees them: each must come from the service that was called, fit its size limit and
 * arrive in time. The SDK takes an empty body for success and an HTML page for an empty list, and reads a body to its
 * end.
 */
import { finished, Readable } from 'node:stream'
import { HttpRequest } from '@smithy/core/protocols'
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'
import { authorizationOf, type ProxyFor } from './proxy.ts'
import { named, notAnswer } from './unexpected.ts'

type Request = Parameters<NodeHttpHandler['handle']>[0]
type Options = Parameters<NodeHttpHandler['handle']>[1]
type Handled = Awaited<ReturnType<NodeHttpHandler['handle']>>
type Response = Handled['response']

const HTTP_PORT = 80
const MiB = 1024 * 1024
/**
 * Size limit for list responses, in bytes. EC2's longest is a page of 100 route tables: with 1,000 routes each, the
 * highest quota (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html), at some 500 bytes of
 * indented XML, it is 50 MB. A page of DynamoDB holds 1 MB of items.
 */
const LONGEST_LIST = 64 * MiB
/** Size limit for all other responses, in bytes: session tokens and explained denials take a few thousand. */
const LONGEST_OTHER = MiB / 4
/** Actions whose response is a list. */
const IS_LIST = /^(?:Describe|Query)/

/** The start of a body that is enough to tell who sent it, in bytes. A foreign body is not read any further. */
const HEAD_BYTES = 512

export type AnswerHandlerOptions = NodeHttpHandlerOptions & {
  /** Milliseconds from the status line to the end of the body, however steadily it drips in. */
  readonly answerTimeout: number
  readonly proxyFor: ProxyFor
}

/** An SDK request handler that rejects invalid responses. */
export class AnswerHandler extends NodeHttpHandler {
  readonly #answerTimeout: number
  readonly #proxyFor: ProxyFor

  constructor({ answerTimeout, proxyFor, ...options }: AnswerHandlerOptions) {
    super(options)
    this.#answerTimeout = answerTimeout
    this.#proxyFor = proxyFor
  }

  /** @throws what the SDK's handler throws; an error named `UnexpectedAnswer`, `NotDone` or `TimeoutError` */
  override async handle(request: Request, options?: Options): Promise<Handled> {
    const { response } = await super.handle(this.#forwarded(request), options)
    const form = formOf(request)
    const stream: unknown = response.body
    if (!(stream instanceof Readable)) throw new TypeError('the response body is not a stream')
    const body = await collect(stream, {
      longest: IS_LIST.test(form?.action ?? '') && !isError(response) ? LONGEST_LIST : LONGEST_OTHER,
      declared: Number(response.headers['content-length'] ?? 0),
      timeout: this.#answerTimeout,
      headProblem: (head) => form?.headProblem(response, head),
    })
    const problem = form?.headProblem(response, headOf(body)) ?? form?.problem(response, body)
    if (problem) throw problem
    response.body = body
    return { response }
  }

  /** A request over plain HTTP goes to the proxy, if there is one; those over TLS get a tunnel (connections.ts). */
  #forwarded(request: Request): Request {
    const { protocol, hostname, port, path } = request
    if (protocol !== 'http:') return request
    const proxy = this.#proxyFor({ protocol, host: hostname, port: port ?? HTTP_PORT })
    if (!proxy) return request
    const forwarded = HttpRequest.clone(request)
    forwarded.path = `http://${hostname}:${port ?? HTTP_PORT}${path}`
    forwarded.hostname = proxy.host
    forwarded.port = proxy.port
    Object.assign(forwarded.headers, authorizationOf(proxy))
    return forwarded
  }
}

type Limits = {
  readonly longest: number
  /** Content-Length; 0 if absent. */
  readonly declared: number
  readonly timeout: number
  /** Checks the start of the body. */
  readonly headProblem: (head: string) => Error | undefined
}

/** Reads the body. @throws the first problem found; the rest of the body is not read */
function collect(stream: Readable, { longest, declared, timeout, headProblem }: Limits): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  const late = setTimeout(() => {
    stream.destroy(named('TimeoutError', `the response started but did not finish within ${timeout} ms`))
  }, timeout)
  stream.on('data', (chunk: Buffer) => {
    const before = length
    chunks.push(chunk)
    length += chunk.length
    const isHeadWhole = before < HEAD_BYTES && length >= HEAD_BYTES
    const problem = isHeadWhole ? headProblem(headOf(Buffer.concat(chunks))) : undefined
    if (problem) stream.destroy(problem)
    else if (Math.max(length, declared) > longest) stream.destroy(tooLong(longest))
  })
  return new Promise((resolve, reject) => {
    finished(stream, (error) => {
      clearTimeout(late)
      const [first] = chunks
      if (error) reject(error)
      else resolve(first && chunks.length === 1 ? first : Buffer.concat(chunks, length))
    })
  })
}

function tooLong(longest: number): Error {
  return named('UnexpectedAnswer', `a response larger than ${longest / MiB} MiB`)
}

/** What identifies a service's responses to one action. */
type Form = {
  readonly action: string
  /** Checks the start of a body. */
  headProblem(response: Response, head: string): Error | undefined
  /** Checks a complete body whose start is valid. */
  problem(response: Response, body: Buffer): Error | undefined
}

/**
 * The form of EC2, STS and DynamoDB responses; other requests come from the SDK's credential providers and are not
 * checked.
 */
function formOf({ headers, body }: Request): Form | undefined {
  const [, target] = /^DynamoDB_\d+\.(\w+)$/.exec(headers['x-amz-target'] ?? '') ?? []
  if (target) return jsonForm('DynamoDB', target)
  const [, action, version] = /^Action=(\w+)&Version=([\d-]+)/.exec(String(body)) ?? []
  if (!action) return undefined
  return xmlForm(version === STS_VERSION ? 'STS' : 'EC2', action)
}

const STS_VERSION = '2011-06-15'

const ROOT = /^\s*(?:<\?xml[^>]*>\s*)?<(\w+)[\s>]/
/** In EC2's responses, STS's responses and EC2's errors. */
const REQUEST_IDS = ['<requestId>', '<RequestId>', '<RequestID>']
/**
 * Root elements of errors: EC2's (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html) and
 * STS's.
 */
const ERROR_ROOTS = ['Response', 'ErrorResponse']
const ERROR_CODE = /<Code>[A-Za-z][\w.:-]{0,99}<\/Code>/

function xmlForm(service: string, action: string): Form {
  const rootOf = (head: string) => ROOT.exec(head)?.[1] ?? ''
  return {
    action,
    headProblem(response, head) {
      const root = rootOf(head)
      const isOfAction = isError(response) ? ERROR_ROOTS.includes(root) : root === `${action}Response`
      return isOfAction ? undefined : notAnswer(service, response.statusCode, head)
    },
    problem(response, body) {
      const head = headOf(body)
      if (!endsWith(body, `</${rootOf(head)}>`)) return truncated(response)
      const hasId = REQUEST_IDS.some((mark) => body.includes(mark))
      const hasCode = !isError(response) || ERROR_CODE.test(body.toString('latin1'))
      if (!hasId || !hasCode) return notAnswer(service, response.statusCode, head)
      if (IS_LIST.test(action) || !body.includes('<return>') || body.includes('<return>true<')) return undefined
      return named('NotDone', `${service} accepted the request but did not carry it out`)
    },
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
function jsonForm(service: string, action: string): Form {
  return {
    action,
    headProblem(response, head) {
      const hasId = Boolean(response.headers['x-amzn-requestid'])
      return hasId && head.trimStart().startsWith('{') ? undefined : notAnswer(service, response.statusCode, head)
    },
    problem(response, body) {
      if (!endsWith(body, '}')) return truncated(response)
      const hasType = !isError(response) || ERROR_TYPE.test(body.toString('latin1'))
      return hasType ? undefined : notAnswer(service, response.statusCode, headOf(body))
    },
  }
}

const ERROR_TYPE = /"__type"\s*:\s*"[\w.#:/-]+"/

const isError = ({ statusCode }: Response) => statusCode >= 300

const headOf = (body: Buffer) => body.toString('latin1', 0, HEAD_BYTES)

function endsWith(body: Buffer, end: string): boolean {
  const tail = body.toString('latin1', Math.max(0, body.length - HEAD_BYTES))
  return tail.trimEnd().endsWith(end)
}

/** The body starts correctly but is truncated, though the transfer looked complete. */
function truncated({ statusCode }: Response): Error {
  return named('UnexpectedAnswer', `HTTP ${statusCode}, a truncated response`)
}

/**
 * Looks at what comes back before the SDK does: whether it is an answer of the service that was asked, of no more than its
 * size, within its time. The SDK takes an empty body for success, a page for an empty list, and reads a body to its end.
 */
import { finished, Readable } from 'node:stream'
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'
import { named, notAnswer } from './unexpected.ts'

type Request = Parameters<NodeHttpHandler['handle']>[0]
type Options = Parameters<NodeHttpHandler['handle']>[1]
type Handled = Awaited<ReturnType<NodeHttpHandler['handle']>>
type Response = Handled['response']

const MiB = 1024 * 1024
/**
 * Bytes of the longest list. EC2's is a page of 100 route tables: of 1,000 routes each, the highest quota
 * (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html), at some 500 bytes of indented XML, it has 50 MB.
 * A page of DynamoDB holds 1 MB of items.
 */
const LONGEST_LIST = 64 * MiB
/** Bytes of any other answer: session tokens and explained denials take a few thousand. */
const LONGEST_OTHER = MiB / 4
/** What is answered with a list. */
const IS_LIST = /^(?:Describe|Query)/

/** After so many bytes it shows whose answer it is: what is somebody else's is not read on. */
const HEAD_BYTES = 512

export type AnswerHandlerOptions = NodeHttpHandlerOptions & {
  /** For how long an answer may take after its first line, however steadily it drips. Milliseconds. */
  readonly answerTimeout: number
}

/** Sends requests, and rejects what is not an answer to them. */
export class AnswerHandler extends NodeHttpHandler {
  readonly #answerTimeout: number

  constructor({ answerTimeout, ...options }: AnswerHandlerOptions) {
    super(options)
    this.#answerTimeout = answerTimeout
  }

  /** @throws besides what the SDK's own throws: an error that is named `UnexpectedAnswer`, `NotDone` or `TimeoutError` */
  override async handle(request: Request, options?: Options): Promise<Handled> {
    const { response } = await super.handle(request, options)
    const form = formOf(request)
    const stream: unknown = response.body
    if (!(stream instanceof Readable)) throw new TypeError('the body of an answer is no stream')
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
}

type Limits = {
  readonly longest: number
  /** Bytes that it says it has; 0: it does not say. */
  readonly declared: number
  readonly timeout: number
  /** What is wrong with an answer that begins so. */
  readonly headProblem: (head: string) => Error | undefined
}

/** @throws what is wrong with the answer, as soon as it shows; what is left of it is not read */
function collect(stream: Readable, { longest, declared, timeout, headProblem }: Limits): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  const late = setTimeout(() => {
    stream.destroy(named('TimeoutError', `the answer has begun, and not ended within ${timeout} ms`))
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
  return named('UnexpectedAnswer', `an answer of more than ${longest / MiB} MiB`)
}

/** The marks of a service's answers to one action. */
type Form = {
  readonly action: string
  /** What is wrong with an answer that begins so. */
  headProblem(response: Response, head: string): Error | undefined
  /** What is wrong with a whole answer that began well. */
  problem(response: Response, body: Buffer): Error | undefined
}

/** Undefined for what only the SDK's own ways to credentials ask for: nothing is known here of its answers. */
function formOf({ headers, body }: Request): Form | undefined {
  const [, target] = /^DynamoDB_\d+\.(\w+)$/.exec(headers['x-amz-target'] ?? '') ?? []
  if (target) return jsonForm('DynamoDB', target)
  const [, action, version] = /^Action=(\w+)&Version=([\d-]+)/.exec(String(body)) ?? []
  if (!action) return undefined
  return xmlForm(version === STS_VERSION ? 'STS' : 'EC2', action)
}

const STS_VERSION = '2011-06-15'

const ROOT = /^\s*(?:<\?xml[^>]*>\s*)?<(\w+)[\s>]/
/** Of EC2's answers, of STS's, and of EC2's errors. */
const REQUEST_IDS = ['<requestId>', '<RequestId>', '<RequestID>']
/** Of EC2's errors (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html), and of STS's. */
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
      if (!endsWith(body, `</${rootOf(head)}>`)) return withoutEnd(response)
      const hasId = REQUEST_IDS.some((mark) => body.includes(mark))
      const hasCode = !isError(response) || ERROR_CODE.test(body.toString('latin1'))
      if (!hasId || !hasCode) return notAnswer(service, response.statusCode, head)
      if (IS_LIST.test(action) || !body.includes('<return>') || body.includes('<return>true<')) return undefined
      return named('NotDone', `${service} took the request and did not do it`)
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
      if (!endsWith(body, '}')) return withoutEnd(response)
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

/** An answer that began well, and was sent as if it were whole. */
function withoutEnd({ statusCode }: Response): Error {
  return named('UnexpectedAnswer', `HTTP ${statusCode}, an answer without its end`)
}

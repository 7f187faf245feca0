/** The connection to EC2: region, credentials, time-outs, and one way to send a command. */
import { EC2Client } from '@aws-sdk/client-ec2'
import { Failure } from '../errors.ts'
import { Ec2Error } from './errors.ts'
import { regionOfThisInstance } from './identity.ts'

// For a control plane that is losing a zone: an attempt that hangs is worth less than the next one.
const CONNECT_TIMEOUT_MS = 1000
const REQUEST_TIMEOUT_MS = 2000
/** Parallel connections; what is beyond waits its turn. */
const MAX_SOCKETS = 50

// For those who install the SDK; here the bundle fixes its version, and the warning would be on every line of a hook's log.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

const CONFIGURATION = {
  // Retries are ours: each must first ask whether we are still master.
  maxAttempts: 1,
  requestHandler: {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
  },
}

export type Ec2 = {
  readonly region: string
  /** For route tables, which may be another account's. */
  readonly routes: EC2Client
  /** For what is in our own account. */
  readonly own: EC2Client
}

/**
 * Opens EC2 in the given region, else in that of the environment or profile, else in this instance's own. With
 * `assumeRole`, calls about route tables are made in that role (a shared VPC's belong to another account).
 */
export async function openEc2({
  region,
  assumeRole,
}: {
  region?: string | undefined
  assumeRole?: string | undefined
}): Promise<Ec2> {
  const chosen = region ?? (await regionOfEnvironment()) ?? (await regionOfThisInstance())
  const own = withDates(new EC2Client({ ...CONFIGURATION, region: chosen }))
  if (!assumeRole) return { region: chosen, routes: own, own }
  const credentials = await roleCredentials(assumeRole, chosen)
  return { region: chosen, routes: new EC2Client({ ...CONFIGURATION, region: chosen, credentials }), own }
}

/** The `Date` header of the answers that are still held, in milliseconds since the epoch. */
const dates = new WeakMap<object, number>()

/** EC2's own time of an answer; 0 where it did not tell. */
export function dateOf(output: object): number {
  return dates.get(output) ?? 0
}

/** The SDK's outputs do not carry headers: this keeps the one that times are compared with. */
function withDates(client: EC2Client): EC2Client {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const headers: unknown = Reflect.get(Object(result.response), 'headers')
      const date = Date.parse(String(Reflect.get(Object(headers), 'date')))
      if (!Number.isNaN(date) && result.output) dates.set(result.output, date)
      return result
    },
    { step: 'deserialize', name: 'rememberDate', priority: 'high' },
  )
  return client
}

/** AWS_REGION or the profile's, as the SDK finds it. */
export async function regionOfEnvironment(): Promise<string | undefined> {
  try {
    return await new EC2Client({}).config.region()
  } catch {
    return undefined // The SDK throws where none is set; the instance's own is asked for next.
  }
}

async function roleCredentials(role: string, region: string) {
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
  return fromTemporaryCredentials({
    params: { RoleArn: role, RoleSessionName: 'vip-switch' },
    clientConfig: { ...CONFIGURATION, region },
  })
}

/** Calls that wait for their turn: a time-out is for EC2, and begins when a connection is there for the call. */
const waiting: (() => void)[] = []
let running = 0

async function inTurn<Output>(call: () => Promise<Output>): Promise<Output> {
  if (running < MAX_SOCKETS) running += 1
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await call()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
}

/**
 * Sends one command, once.
 * @param attempted what is being done to what, for the error
 * @throws Ec2Error; the signal's reason, with what was attempted, when it is aborted
 */
export function send<Output>(
  attempted: string,
  call: (options: { abortSignal: AbortSignal }) => Promise<Output>,
  signal: AbortSignal,
): Promise<Output> {
  return inTurn(async () => {
    signal.throwIfAborted()
    const aborted = new AbortController()
    try {
      // The SDK gives no signal to what finds credentials for it (STS, IMDS), which may take longer than we want it.
      return await Promise.race([call({ abortSignal: signal }), rejectionOf(signal, aborted.signal)])
    } catch (error) {
      if (!signal.aborted) throw new Ec2Error(attempted, error)
      const { reason }: { reason: unknown } = signal
      throw reason instanceof Failure ? new Failure(reason.kind, `${reason.message}; last, ${attempted}`) : reason
    } finally {
      aborted.abort()
    }
  })
}

/** Rejects when the signal is aborted; forgets about it when `settled` is. */
function rejectionOf(signal: AbortSignal, settled: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: settled })
  })
}

/** Reads all pages of a list. Each call asks for a page, so that EC2 counts it against the larger token bucket. */
export async function sendPaged<Page extends { NextToken?: string | undefined }, Item>(
  attempted: string,
  call: (token: string | undefined, options: { abortSignal: AbortSignal }) => Promise<Page>,
  items: (page: Page) => readonly Item[] | undefined,
  signal: AbortSignal,
): Promise<Item[]> {
  const all: Item[] = []
  let token: string | undefined
  do {
    const page = await send(attempted, (options) => call(token, options), signal)
    all.push(...(items(page) ?? []))
    token = page.NextToken
  } while (token)
  return all
}

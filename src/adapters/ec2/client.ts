/** The EC2 client: region, credentials, timeouts, and one way to send a command. */
import { setMaxListeners } from 'node:events'
import type { Agent as HttpAgent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2'
import { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config'
import type { Clock } from '../../platform/clock.ts'
import { assumed } from './assumed-role.ts'
import {
  areFromEnvironment,
  Credentials,
  type CredentialsOptions,
  missingProfile,
  reloadSharedFiles,
} from './credentials.ts'
import { Ec2Error, isVerdict } from './errors.ts'
import { regionOfThisInstance, setMetadataMode } from './instance-metadata.ts'
import { AnswerHandler } from './transport/answers.ts'
import { type Budget, type BudgetOptions, openBudget } from './transport/budget.ts'
import { type Connections, openConnections } from './transport/connections.ts'
import { hedged } from './transport/hedge.ts'
import { limitConcurrency } from './transport/limiter.ts'
import type { Refusal } from './transport/refusals.ts'
import { type Call, sendNow } from './transport/send-now.ts'

// For a control plane that is losing a zone: a new attempt is worth more than one that hangs.
const CONNECT_TIMEOUT_MS = 1000
const REQUEST_TIMEOUT_MS = 2000
/** The longest list takes seconds on a slow network; anything slower is requested again. */
const ANSWER_TIMEOUT_MS = 5000
/** An idempotent write not answered within this time is sent again on a second connection. */
const HEDGE_AFTER_MS = 1000
/** Maximum calls in flight; the rest are queued. */
const CALLS_IN_FLIGHT = 50

const REGION_HINT = 'set AWS_REGION, --region or region: in the config'

// The warning is for those who install the SDK. Our bundle pins its version, and the warning would flood the hook log.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
// The SDK takes an empty variable for a setting: AWS_REGION= would be a region without a name.
for (const [name, value] of Object.entries(process.env)) {
  if (name.startsWith('AWS_') && value === '') delete process.env[name]
}

/** The SDK configuration that all clients share. */
export function configurationOf(
  region: string,
  connections: Pick<Connections, 'proxyFor'> & { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent },
) {
  return {
    region,
    // We retry ourselves: before each attempt we must check that we are still master.
    maxAttempts: 1,
    requestHandler: new AnswerHandler({
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      // Also limits the gap between two parts of a response.
      socketTimeout: REQUEST_TIMEOUT_MS,
      answerTimeout: ANSWER_TIMEOUT_MS,
      ...connections,
    }),
  }
}

export type Ec2 = {
  readonly region: string
  /** For route tables, which may belong to another account. */
  readonly routes: EC2Client
  /** For everything in our own account. */
  readonly own: EC2Client
  /** Sign calls in our own account, to any service. */
  readonly credentials: Credentials
  readonly budget: Budget
  readonly connections: Connections
}

/**
 * Opens EC2 in the given region, else the one of the environment or profile, else this instance's own. With
 * `assumeRole`, route-table calls use that role (the tables of a shared VPC belong to another account).
 */
export async function openEc2({
  region,
  assumeRole,
  clock,
  onWait,
  onRefusal = () => {},
}: {
  region?: string | undefined
  assumeRole?: string | undefined
  onRefusal?: (refusal: Refusal) => void
} & BudgetOptions): Promise<Ec2> {
  setMetadataMode()
  const chosen = region ?? (await regionOfEnvironment()) ?? (await regionOfInstance())
  const connections = openConnections({ clock, connectTimeoutMs: CONNECT_TIMEOUT_MS })
  const configuration = configurationOf(chosen, connections)
  const own = withDates(openClient(configuration))
  const credentials = withRenewal(own, { clock, onRefusal, areFixed: areFromEnvironment() })
  const budget = openBudget({ clock, onWait })
  const opened = { region: chosen, own, credentials, budget, connections }
  if (!assumeRole) return { ...opened, routes: own }
  const role = await assumed(assumeRole, configuration, credentials, clock)
  const routes = openClient({ ...configuration, credentials: role })
  withRenewal(routes, { clock, onRefusal, areFixed: false })
  return { ...opened, routes }
}

/** Lets the client renew its credentials when they are rejected. */
function withRenewal(client: EC2Client, options: CredentialsOptions): Credentials {
  const credentials = new Credentials(client.config.credentials, options)
  client.config.credentials = credentials.provide
  credentials.watch(client)
  return credentials
}

/** Closes all connections. */
export function closeEc2({ connections }: Ec2): void {
  connections.httpAgent.destroy()
  connections.httpsAgent.destroy()
}

/** Creates a client without the SDK's logging middleware, which formats every response for a log nobody keeps. */
export function openClient(configuration: EC2ClientConfig): EC2Client {
  const client = new EC2Client(configuration)
  client.middlewareStack.remove('loggerMiddleware')
  return client
}

/** `Date` headers of responses that are still referenced, in milliseconds since the epoch. */
const dates = new WeakMap<object, number>()

/** The time of a response by EC2's clock, in milliseconds since the epoch; 0 if unknown. */
export function dateOf(output: object): number {
  return dates.get(output) ?? 0
}

/** Keeps each response's `Date` header, which the SDK's outputs omit. */
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

/** @throws Failure if this is no instance, or its metadata service does not tell the region */
async function regionOfInstance(): Promise<string> {
  try {
    return await regionOfThisInstance()
  } catch (error) {
    if (!(error instanceof Ec2Error)) throw error
    const profile = await missingProfile()
    const attempted = profile ?? 'no AWS region is set, and no instance metadata service (IMDS) tells one'
    throw new Ec2Error(attempted, error.cause, REGION_HINT, { lasts: error.lasts })
  }
}

/**
 * AWS_REGION, AWS_DEFAULT_REGION (which the SDK leaves to the AWS CLI), or the profile's region. Unlike the SDK's own
 * look-up, it leaves IMDS alone.
 */
export async function regionOfEnvironment(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const given = env.AWS_REGION || env.AWS_DEFAULT_REGION
  if (given) return given
  const setting = { ...NODE_REGION_CONFIG_OPTIONS, default: async () => undefined }
  const region = await loadConfig<string | undefined>(setting, NODE_REGION_CONFIG_FILE_OPTIONS)()
  // The profile may still be written: let the next caller see it.
  if (region === undefined) await reloadSharedFiles()
  return region
}

const limited = limitConcurrency(CALLS_IN_FLIGHT)

/**
 * Sends one command, once.
 * @param attempted what is being done to what, for the error message
 * @throws Ec2Error; if the signal is aborted, its reason together with what was attempted
 */
export function send<Output>(attempted: string, call: Call<Output>, signal: AbortSignal): Promise<Output> {
  return limited(() => sendNow(attempted, call, signal), withoutListenerLimit(signal))
}

/** How long an idempotent write is wanted, and when it may be hedged. */
export type Hedging = {
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Called before a write is retried; throws if it is no longer wanted. */
  readonly permit: () => void
  /** Called before a write is hedged; throws if it is no longer wanted. */
  readonly beforeHedge: (attempted: string) => void
}

/**
 * Sends one idempotent command, and hedges it on a second connection if it is not answered in time (by then no idle
 * connection is left). Both attempts share one concurrency slot, so a hedge never queues. EC2's first verdict wins.
 * @throws as `send`; what `beforeHedge` throws
 */
export function sendHedged<Output>(
  attempted: string,
  call: Call<Output>,
  { signal, clock, permit, beforeHedge }: Hedging,
): Promise<Output> {
  const options = { afterMs: HEDGE_AFTER_MS, clock, signal, isVerdict, beforeHedge: () => beforeHedge(attempted) }
  return limited(
    () => hedged((attempt) => sendNow(attempted, call, attempt, { permit }), options),
    withoutListenerLimit(signal),
  )
}

/** Lifts the listener limit: every call in flight listens to this signal, and Node warns above ten. */
function withoutListenerLimit(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal)
  return signal
}

/** Reads all pages of a list. Paginated calls count against EC2's larger token bucket. */
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

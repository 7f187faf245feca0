/** The connection to EC2: region, credentials, time-outs, and one way to send a command. */
import { setMaxListeners } from 'node:events'
import type { Agent as HttpAgent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2'
import type { Clock } from '../../platform/clock.ts'
import { assumed } from './assumed-role.ts'
import { areOfEnvironment, Credentials, type CredentialsOptions, readFilesAnew } from './credentials.ts'
import { isVerdict } from './errors.ts'
import { regionOfThisInstance } from './identity.ts'
import { AnswerHandler } from './transport/answers.ts'
import { type Budget, type BudgetOptions, openBudget } from './transport/budget.ts'
import { type Connections, openConnections } from './transport/connections.ts'
import { hedged } from './transport/hedge.ts'
import { createLimiter } from './transport/limiter.ts'
import type { Refusal } from './transport/refusals.ts'
import { type Call, sendNow } from './transport/send-now.ts'

// For a control plane that is losing a zone: an attempt that hangs is worth less than the next one.
const CONNECT_TIMEOUT_MS = 1000
const REQUEST_TIMEOUT_MS = 2000
/** The longest list takes seconds where the network is slow; what takes longer is asked for anew. */
const ANSWER_TIMEOUT_MS = 5000
/** Not answered within this, an idempotent write is sent a second time, on another connection. */
const HEDGE_AFTER_MS = 1000
/** In flight at a time; what is beyond waits its turn. */
const CALLS_IN_FLIGHT = 50

// For those who install the SDK; here the bundle fixes its version, and the warning would be on every line of a hook's log.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

/** @param agents by which requests go out */
export function configurationOf(
  region: string,
  agents: { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent },
) {
  return {
    region,
    // Retries are ours: each must first ask whether we are still master.
    maxAttempts: 1,
    requestHandler: new AnswerHandler({
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      // Between two parts of an answer, too.
      socketTimeout: REQUEST_TIMEOUT_MS,
      answerTimeout: ANSWER_TIMEOUT_MS,
      ...agents,
    }),
  }
}

export type Ec2 = {
  readonly region: string
  /** For route tables, which may be another account's. */
  readonly routes: EC2Client
  /** For what is in our own account. */
  readonly own: EC2Client
  /** With which calls in our own account are signed, to whatever service. */
  readonly credentials: Credentials
  readonly budget: Budget
  readonly connections: Connections
}

/**
 * Opens EC2 in the given region, else in that of the environment or profile, else in this instance's own. With
 * `assumeRole`, calls about route tables are made in that role (a shared VPC's belong to another account).
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
  const chosen = region ?? (await regionOfEnvironment()) ?? (await regionOfThisInstance())
  const connections = openConnections({ clock, connectTimeoutMs: CONNECT_TIMEOUT_MS })
  const configuration = configurationOf(chosen, connections)
  const own = withDates(openClient(configuration))
  const credentials = renewed(own, { clock, onRefusal, areFixed: areOfEnvironment() })
  const budget = openBudget({ clock, onWait })
  const opened = { region: chosen, own, credentials, budget, connections }
  if (!assumeRole) return { ...opened, routes: own }
  const role = await assumed(assumeRole, configuration, credentials, clock)
  const routes = openClient({ ...configuration, credentials: role })
  renewed(routes, { clock, onRefusal, areFixed: false })
  return { ...opened, routes }
}

/** Lets the client's credentials be renewed where they are refused. */
function renewed(client: EC2Client, options: CredentialsOptions): Credentials {
  const credentials = new Credentials(client.config.credentials, options)
  client.config.credentials = credentials.provide
  credentials.watch(client)
  return credentials
}

/** Closes its connections. */
export function closeEc2({ connections }: Ec2): void {
  connections.httpAgent.destroy()
  connections.httpsAgent.destroy()
}

/** Without the SDK's log: it would prepare every answer for a log that is not kept. */
export function openClient(configuration: EC2ClientConfig): EC2Client {
  const client = new EC2Client(configuration)
  client.middlewareStack.remove('loggerMiddleware')
  return client
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
    await readFilesAnew() // For the next who asks: the file that names one may come yet.
    return undefined // The SDK throws where none is set; the instance's own is asked for next.
  }
}

const inTurn = createLimiter(CALLS_IN_FLIGHT)

/**
 * Sends one command, once.
 * @param attempted what is being done to what, for the error
 * @throws Ec2Error; the signal's reason, with what was attempted, when it is aborted
 */
export function send<Output>(attempted: string, call: Call<Output>, signal: AbortSignal): Promise<Output> {
  return inTurn(() => sendNow(attempted, call, signal), allowManyListeners(signal))
}

/** Until when an idempotent write is wanted, and on what condition a second time. */
export type Hedging = {
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Runs before a write is sent again; throws when it is no longer wanted. */
  readonly permit: () => void
  /** Runs before a write is sent a second time beside the first; throws, too. */
  readonly beforeHedge: (attempted: string) => void
}

/**
 * Sends one idempotent command, and once more where it is not answered in time: on another connection, since by then no
 * idle one is left. Both have one turn, so a hedge waits for nobody. What EC2 says first holds.
 * @throws as `send`; what `beforeHedge` throws
 */
export function sendHedged<Output>(
  attempted: string,
  call: Call<Output>,
  { signal, clock, permit, beforeHedge }: Hedging,
): Promise<Output> {
  const options = { afterMs: HEDGE_AFTER_MS, clock, signal, isVerdict, beforeHedge: () => beforeHedge(attempted) }
  return inTurn(
    () => hedged((attempt) => sendNow(attempted, call, attempt, { permit }), options),
    allowManyListeners(signal),
  )
}

/** A signal that every call in flight may listen to: Node warns of more than ten listeners. */
function allowManyListeners(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal)
  return signal
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

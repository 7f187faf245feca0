/** EC2 as the agent needs it. Separate, so that the SDK is loaded only where a route is read or written. */

import { type Ec2, openEc2 } from '../../adapters/ec2/client.ts'
import { eniOfThisInstance } from '../../adapters/ec2/instance-metadata.ts'
import { rehearseWrite, writeRoute } from '../../adapters/ec2/operations/routes.ts'
import { readTables, selectTables, type TableSelection } from '../../adapters/ec2/operations/tables.ts'
import { longestWait, type Precedence } from '../../adapters/ec2/transport/budget.ts'
import type { Refusal } from '../../adapters/ec2/transport/refusals.ts'
import { retry } from '../../adapters/ec2/transport/retry.ts'
import type { Config, TableSelector } from '../../config/schema.ts'
import type { EniId } from '../../core/ids.ts'
import type { RouteKey } from '../../core/route.ts'
import { type Clock, deadline, systemClock } from '../../platform/clock.ts'
import type { Failure } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'

export type { TableSelection }
export { longestWait }

/** Reads and writes one set of route tables. Calls are retried until they succeed, are refused or are no longer wanted. */
export type RoutePort = {
  /** @param signal aborts this read, instead of the context's signal */
  read(signal?: AbortSignal): Promise<TableSelection>
  write(key: RouteKey, eni: EniId): Promise<'replaced' | 'created'>
  /** Checks whether a write would be permitted. */
  rehearse(key: RouteKey, eni: EniId, missing: boolean): Promise<void>
}

/** How long, and on what condition, calls are retried. */
export type CallContext = {
  /** Called before every attempt; throws once the calls are no longer wanted. */
  readonly permit: () => void
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
  /** Whether somebody waits for the result: what lasts until they do something fails at once. */
  readonly attended?: boolean
  /** Called when refused credentials have been fetched again. */
  readonly onRenewal?: () => void
  /** Called when an attempt has failed and another follows. */
  readonly onRetry?: (error: Failure) => void
}

/** Opens EC2, with or without a config. @throws Failure if no region can be determined */
export function openFor(config: Pick<Config, 'region' | 'assumeRole'> | undefined, context: CallContext): Promise<Ec2> {
  const { clock, log } = context
  const onWait = (action: string, waiting: number, seconds: number) => {
    const text = `${action}: ${waiting} more wait for EC2's token bucket, for ${Math.ceil(seconds)} s`
    log.info({ action, waiting, seconds: Math.ceil(seconds) }, text)
  }
  const onRefusal = ({ code, clockBehindMs }: Refusal) => {
    if (clockBehindMs !== undefined) return log.warn({ hint: CLOCK_HINT }, `${code}: ${clockText(clockBehindMs)}`)
    context.onRenewal?.()
    log.warn(`${code}: the credentials were refused; fetching them again`)
  }
  const options = { region: config?.region, assumeRole: config?.assumeRole, clock, onWait, onRefusal }
  return retryWithLogging(() => openEc2(options), context)
}

const CLOCK_HINT = 'correct the clock of this host: timedatectl, chronyc tracking'

function clockText(behindMs: number): string {
  const minutes = Math.round(Math.abs(behindMs) / 60_000)
  const off = `${minutes} min ${behindMs > 0 ? 'behind' : 'ahead of'} the service's`
  return `the clock of this host is ${off}, whose time signs all calls from now on`
}

/**
 * Access to these tables, for as long as the context wants it.
 * @param vpc where names and tags are meant; undefined if unknown
 */
export function routePort(
  ec2: Ec2,
  {
    selectors,
    createMissing,
    vpc,
  }: { selectors: readonly TableSelector[] | 'all'; createMissing: boolean; vpc?: string | undefined },
  context: CallContext,
): RoutePort {
  return {
    async read(signal = context.signal) {
      const tables = await retryWithLogging((during) => readTables(ec2, selectors, during), { ...context, signal })
      return selectors === 'all' ? { tables, problems: [] } : selectTables(tables, selectors, vpc)
    },
    write: (key, eni) => writeRouteWithRetries(ec2, key, eni, createMissing, 'edge', context),
    rehearse: (key, eni, missing) =>
      retryWithLogging((signal) => rehearseWrite(ec2, key, eni, missing, signal), context),
  }
}

/** The ENI that this node's routes point to: from the config, or else from the instance metadata (IMDS). @throws Failure */
export async function ownEni(
  { eni, interface: name }: Pick<Config, 'eni' | 'interface'>,
  context: CallContext,
): Promise<EniId> {
  return eni ?? retryWithLogging(() => eniOfThisInstance(name), context)
}

/** Points one route at the ENI, retrying for as long as that is wanted. @throws as writeRoute */
export function writeRouteWithRetries(
  ec2: Ec2,
  key: RouteKey,
  eni: EniId,
  createMissing: boolean,
  precedence: Precedence,
  context: CallContext,
): Promise<'replaced' | 'created'> {
  const { clock, permit, log } = context
  function beforeHedge(attempted: string): void {
    permit()
    log.warn(`${attempted}: no answer yet, trying on another connection`)
  }
  return retryWithLogging(
    (signal) => writeRoute(ec2, key, eni, createMissing, precedence, { signal, clock, permit, beforeHedge }),
    context,
  )
}

/**
 * Runs `attempt` until it succeeds, is refused or is no longer wanted. Logs the reason for each retry, but a repeated one
 * only at debug level.
 */
export function retryWithLogging<Value>(
  attempt: (signal: AbortSignal) => Promise<Value>,
  context: CallContext,
): Promise<Value> {
  let told: string | undefined
  return retry(attempt, {
    ...context,
    random: Math.random,
    onRetry(error, waitMs) {
      const level = error.code === told ? 'debug' : 'warn'
      told = error.code
      context.log[level]({ waitMs: Math.round(waitMs), hint: error.hint }, `trying again: ${error.message}`)
      context.onRetry?.(error)
    },
  })
}

/** For an operator's command: wanted until the time is up. */
export function callContextFor(ms: number, log: Log): CallContext {
  return { permit: () => {}, signal: deadline(ms), clock: systemClock, log, attended: true }
}

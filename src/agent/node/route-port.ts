/** EC2 as the agent needs it. Apart, so that the SDK is loaded only where a route is read or written. */

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

/** Reads and writes of one set of route tables. Calls go on until they succeed, cannot, or are no longer wanted. */
export type RoutePort = {
  /** @param signal ends this read, instead of what ends everything else */
  read(signal?: AbortSignal): Promise<TableSelection>
  write(key: RouteKey, eni: EniId): Promise<'replaced' | 'created'>
  /** Asks whether a write would be permitted. */
  rehearse(key: RouteKey, eni: EniId, missing: boolean): Promise<void>
}

/** For how long, and on what condition, calls go on. */
export type CallContext = {
  /** Runs before every attempt; throws once the calls are no longer wanted. */
  readonly permit: () => void
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
  /** Credentials that were refused have been fetched anew. */
  readonly onRenewal?: () => void
  /** Called when an attempt has failed, and another follows. */
  readonly onRetry?: (error: Failure) => void
}

/** Opens EC2 for a config, or for none. @throws Failure where no region can be found out */
export function openFor(config: Pick<Config, 'region' | 'assumeRole'> | undefined, context: CallContext): Promise<Ec2> {
  const { clock, log } = context
  const onWait = (action: string, waiting: number, seconds: number) => {
    const text = `${action}: ${waiting} more wait for EC2's token bucket, for ${Math.ceil(seconds)} s`
    log.info({ action, waiting, seconds: Math.ceil(seconds) }, text)
  }
  const onRefusal = ({ code, clockBehindMs }: Refusal) => {
    if (clockBehindMs !== undefined) return log.warn({ hint: CLOCK_HINT }, `${code}: ${clockText(clockBehindMs)}`)
    context.onRenewal?.()
    log.warn(`${code}: the credentials were refused, and are fetched anew`)
  }
  const options = { region: config?.region, assumeRole: config?.assumeRole, clock, onWait, onRefusal }
  return retryWithLogging(() => openEc2(options), context)
}

const CLOCK_HINT = 'set the clock of this host right: timedatectl, chronyc tracking'

function clockText(behindMs: number): string {
  const minutes = Math.round(Math.abs(behindMs) / 60_000)
  const off = `${minutes} min ${behindMs > 0 ? 'behind' : 'ahead of'} the service's`
  return `the clock of this host is ${off}, which calls are signed by from now on`
}

/** What the agent does to these tables, for as long as it is wanted. */
export function routePort(
  ec2: Ec2,
  { selectors, createMissing }: { selectors: readonly TableSelector[] | 'all'; createMissing: boolean },
  context: CallContext,
): RoutePort {
  return {
    async read(signal = context.signal) {
      const tables = await retryWithLogging((during) => readTables(ec2, selectors, during), { ...context, signal })
      return selectors === 'all' ? { tables, problems: [] } : selectTables(tables, selectors)
    },
    write: (key, eni) => writeRouteWithRetries(ec2, key, eni, createMissing, 'edge', context),
    rehearse: (key, eni, missing) =>
      retryWithLogging((signal) => rehearseWrite(ec2, key, eni, missing, signal), context),
  }
}

/** The ENI that this node's routes point to: the config's, else that of the interface (IMDS). @throws Failure */
export async function ownEni(
  { eni, interface: name }: Pick<Config, 'eni' | 'interface'>,
  context: CallContext,
): Promise<EniId> {
  return eni ?? retryWithLogging(() => eniOfThisInstance(name), context)
}

/** Points one route at the ENI, for as long as that is wanted. @throws as writeRoute */
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
    log.warn(`${attempted}: not answered yet, asking on another connection`)
  }
  return retryWithLogging(
    (signal) => writeRoute(ec2, key, eni, createMissing, precedence, { signal, clock, permit, beforeHedge }),
    context,
  )
}

/**
 * Runs `attempt` until it succeeds, cannot, or is no longer wanted. Why it is tried again is logged, and not once more for
 * as long as it is the same.
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

/** For an operator's command: wanted until the time is over. */
export function callContextFor(ms: number, log: Log): CallContext {
  return { permit: () => {}, signal: deadline(ms), clock: systemClock, log }
}

/** EC2 as the agent needs it. Apart, so that the SDK is loaded only where a route is read or written. */
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Config, TableSelector } from '../config/schema.ts'
import type { EniId } from '../core/ids.ts'
import type { RouteKey, RouteTable } from '../core/route.ts'
import { type Ec2, openEc2 } from '../ec2/client.ts'
import { eniOfThisInstance } from '../ec2/identity.ts'
import { persist } from '../ec2/retry.ts'
import { rehearseWrite, writeRoute } from '../ec2/routes.ts'
import { readTables } from '../ec2/tables.ts'
import type { Failure } from '../errors.ts'

/** Reads and writes of one set of route tables. Calls go on until they succeed, cannot, or are no longer wanted. */
export type RoutePort = {
  read(): Promise<RouteTable[]>
  write(key: RouteKey, eni: EniId): Promise<'replaced' | 'created'>
  /** Asks whether a write would be permitted. */
  rehearse(key: RouteKey, eni: EniId, missing: boolean): Promise<void>
}

/** For how long, and on what condition, calls go on. */
export type Wanted = {
  /** Runs before every attempt; throws once the calls are no longer wanted. */
  readonly permit: () => void
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Logger
}

/** @throws Failure where no region can be found out */
export async function openRoutePort(
  { region, assumeRole }: Pick<Config, 'region' | 'assumeRole'>,
  { selectors, createMissing }: { selectors: readonly TableSelector[] | 'all'; createMissing: boolean },
  wanted: Wanted,
): Promise<{ ec2: Ec2; routes: RoutePort }> {
  const ec2 = await persist(() => openEc2({ region, assumeRole }), persistence(wanted))
  return {
    ec2,
    routes: {
      read: () => persist((signal) => readTables(ec2, selectors, signal), persistence(wanted)),
      write: (key, eni) => persist((signal) => writeRoute(ec2, key, eni, createMissing, signal), persistence(wanted)),
      rehearse: (key, eni, missing) =>
        persist((signal) => rehearseWrite(ec2, key, eni, missing, signal), persistence(wanted)),
    },
  }
}

/** The ENI that this node's routes point to: the config's, else that of the interface (IMDS). @throws Failure */
export async function ownEni({ eni, interface: name }: Config, wanted: Wanted): Promise<EniId> {
  return eni ?? persist(() => eniOfThisInstance(name), persistence(wanted))
}

function persistence({ log, ...wanted }: Wanted) {
  return {
    ...wanted,
    random: Math.random,
    onRetry: (error: Failure, waitMs: number) =>
      log.warn({ waitMs: Math.round(waitMs), hint: error.hint }, `trying again: ${error.message}`),
  }
}

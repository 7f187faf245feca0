/** Reads for all agents of a daemon: two calls, regardless of the number of VRRP instances and VIPs. */

import type { Ec2 } from '../../adapters/ec2/client.ts'
import { readTables, selectTables, type TableSelection } from '../../adapters/ec2/operations/tables.ts'
import type { Witness, WitnessReport } from '../../adapters/witness/witness.ts'
import { instanceOf } from '../../config/instances.ts'
import type { Config, InstanceConfig } from '../../config/schema.ts'
import type { Doubt } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import type { Reading } from '../../core/protocol/inputs-and-effects.ts'
import { findRoute, type RouteTable, standingOf } from '../../core/route.ts'
import type { Clock } from '../../platform/clock.ts'
import { Failure } from '../../platform/errors.ts'
import type { RoutesAlone } from '../agent.ts'
import { routeKeys } from './known-routes.ts'

/** Everything read at one moment. */
type EverythingRead = {
  readonly tables: readonly RouteTable[]
  readonly claims: PromiseSettledResult<ReadonlyMap<string, WitnessReport>>
  readonly vpc: string | undefined
}

/** A reading for one instance; `selection`: the tables that its config means; `doubts`: for people. */
export type InstanceReading = {
  readonly reading: Reading | RoutesAlone
  readonly selection: TableSelection
  readonly doubts: readonly Doubt[]
  /** The EC2 instance that this node's interface is attached to, if known. */
  readonly holder: string | undefined
  /** The same of every node that has published a claim. */
  readonly holders: WitnessReport['holders']
  /** The VPC of this node's interface, if known. */
  readonly vpc: string | undefined
}

export type Reader = {
  /** @throws Failure if the route tables cannot be read */
  read(instance: string, signal: AbortSignal): Promise<InstanceReading>
  /** Whether a read has been requested but not begun, so that it serves everyone who asks now. */
  isAsked(): boolean
}

/** Milliseconds between the starts of two reads: events of many VRRP instances arrive one by one, and share a read. */
const SPACING = 50

/** This node's interface. `vpc` finds out where it is; an unknown VPC is that of its claim. */
export type Own = { readonly eni: EniId; readonly vpc: (signal: AbortSignal) => Promise<string | undefined> }

/** A reader that serves all who ask at the same time with one read. Every answer was read after it was asked for. */
export function sharedReader(ec2: Ec2, witness: Witness, config: Config, own: Own, clock: Clock): Reader {
  const { eni } = own
  const selectors = Object.values(config.instances).flatMap(({ routeTables }) => routeTables)
  let next: Promise<EverythingRead> | undefined

  let begunAt = Number.NEGATIVE_INFINITY

  async function take(signal: AbortSignal): Promise<EverythingRead> {
    try {
      await clock.sleep(Math.max(0, begunAt + SPACING - clock.now()), signal)
    } finally {
      next = undefined
    }
    begunAt = clock.now()
    const reads = [readTables(ec2, selectors, signal), witness.read(signal), own.vpc(signal)] as const
    const [tables, [claims], vpc] = await Promise.all([reads[0], Promise.allSettled([reads[1]]), reads[2]])
    return { tables, claims, vpc }
  }

  return {
    async read(instance, signal) {
      next ??= take(signal)
      const { tables, claims, ...found } = await next
      const instanceConfig = instanceOf(config, instance)
      const testimony = claims.status === 'fulfilled' ? claims.value.get(instance) : undefined
      const vpc = found.vpc ?? testimony?.vpcs.get(eni)
      const selection = selectTables(tables, instanceConfig.routeTables, config.vpc ?? vpc)
      const routes = routesOf(instanceConfig, selection.tables, eni, vpc)
      if (claims.status === 'rejected') {
        const reading = { routes, error: claims.reason }
        return { reading, selection, doubts: [], holder: undefined, holders: new Map(), vpc }
      }
      if (!testimony) throw new Failure('failed', `the witness was not asked about ${instance}`)
      const reading = readingOf(instanceConfig, selection.tables, routes, testimony, eni)
      const { doubts, holders } = testimony
      return { reading, selection, doubts, holder: holders.get(eni), holders, vpc }
    },
    isAsked: () => next !== undefined,
  }
}

function routesOf(
  { vips, createMissing, takeOver }: InstanceConfig,
  tables: readonly RouteTable[],
  eni: EniId,
  vpc: string | undefined,
): Reading['routes'] {
  const byId = new Map(tables.map((table) => [table.id, table]))
  return routeKeys([...byId.keys()], vips).flatMap((key) => {
    const table = byId.get(key.table)
    return table ? [{ key, standing: standingOf(table, key.vip, eni, { createMissing, takeOver, vpc }) }] : []
  })
}

function readingOf(
  { vips }: InstanceConfig,
  tables: readonly RouteTable[],
  routes: Reading['routes'],
  { claims, pins, detached, checked, date }: WitnessReport,
  eni: EniId,
): Reading {
  // For ourselves only detachment counts: a blackhole may be a late report.
  const unreachable = new Set([...detached, ...blackholes(tables, vips).filter((each) => each !== eni)])
  return {
    routes,
    claims: claims.map(({ claim, isUnreachable }) => ({
      claim,
      isUnreachable: isUnreachable || unreachable.has(claim.eni),
    })),
    pins,
    unreachable,
    checked,
    date,
  }
}

/** A route is a `blackhole` when its ENI's instance is not running, which DescribeNetworkInterfaces does not tell. */
export function blackholes(tables: readonly RouteTable[], vips: InstanceConfig['vips']): EniId[] {
  return tables.flatMap((table) =>
    vips.flatMap((vip) => {
      const route = findRoute(table, vip)
      return route?.state === 'blackhole' && route.target.kind === 'eni' ? [route.target.eni] : []
    }),
  )
}

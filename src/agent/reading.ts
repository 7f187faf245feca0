/** Reads for all agents of a daemon: two calls, whatever the number of VRRP instances and VIPs. */
import type { Clock } from '../clock.ts'
import type { Config, InstanceConfig } from '../config/schema.ts'
import type { EniId } from '../core/ids.ts'
import { findRoute, type RouteTable, standingOf } from '../core/route.ts'
import type { Ec2 } from '../ec2/client.ts'
import { readTables, selectTables, type TableSelection } from '../ec2/tables.ts'
import { Failure } from '../errors.ts'
import type { Testimony, Witness } from '../witness/witness.ts'
import type { Reading } from './protocol/state.ts'
import { routeKeys } from './view.ts'

/** Everything of one moment. */
type Snapshot = { readonly tables: readonly RouteTable[]; readonly testimonies: ReadonlyMap<string, Testimony> }

export type Reader = {
  /** @throws Failure where EC2 could not be read, or the instance's tables are not there */
  read(instance: string, signal: AbortSignal): Promise<Reading & { readonly selection: TableSelection }>
  /** Whether a read is asked for that has not begun: it serves whoever asks now. */
  isAsked(): boolean
}

/** Milliseconds between two beginnings: events of many VRRP instances come one by one, and one read serves them all. */
const SPACING = 50

/** A reader that asks EC2 once for all who ask it at the same time. Every answer is of after the asking. */
export function sharedReader(ec2: Ec2, witness: Witness, config: Config, eni: EniId, clock: Clock): Reader {
  const selectors = Object.values(config.instances).flatMap(({ routeTables }) => routeTables)
  let next: Promise<Snapshot> | undefined

  let begunAt = Number.NEGATIVE_INFINITY

  async function take(signal: AbortSignal): Promise<Snapshot> {
    try {
      await clock.sleep(Math.max(0, begunAt + SPACING - clock.now()), signal)
    } finally {
      next = undefined
    }
    begunAt = clock.now()
    const [tables, testimonies] = await Promise.all([readTables(ec2, selectors, signal), witness.read(signal)])
    return { tables, testimonies }
  }

  return {
    async read(instance, signal) {
      next ??= take(signal)
      const { tables, testimonies } = await next
      const testimony = testimonies.get(instance)
      const instanceConfig = config.instances[instance]
      if (!testimony || !instanceConfig) throw new Failure('config', `${instance} is not in the config`)
      const selection = selectTables(tables, instanceConfig.routeTables)
      return { ...readingOf(instanceConfig, selection.tables, testimony, eni), selection }
    },
    isAsked: () => next !== undefined,
  }
}

function readingOf(
  { vips, createMissing, takeOver }: InstanceConfig,
  tables: readonly RouteTable[],
  { claims, pins, detached, date }: Testimony,
  eni: EniId,
): Reading {
  const byId = new Map(tables.map((table) => [table.id, table]))
  const routes = routeKeys([...byId.keys()], vips).flatMap((key) => {
    const table = byId.get(key.table)
    return table ? [{ key, standing: standingOf(table, key.vip, eni, { createMissing, takeOver }) }] : []
  })
  // Of ourselves, a blackhole may be a late report: only detachment counts.
  const voids = new Set([...detached, ...blackholes(tables, vips).filter((each) => each !== eni)])
  return {
    routes,
    claims: claims.map(({ claim, isVoid }) => ({ claim, isVoid: isVoid || voids.has(claim.eni) })),
    pins,
    voids,
    date,
  }
}

/** A route says `blackhole` when its ENI's instance is not running, which DescribeNetworkInterfaces does not tell. */
export function blackholes(tables: readonly RouteTable[], vips: InstanceConfig['vips']): EniId[] {
  return tables.flatMap((table) =>
    vips.flatMap((vip) => {
      const route = findRoute(table, vip)
      return route?.state === 'blackhole' && route.target.kind === 'eni' ? [route.target.eni] : []
    }),
  )
}

/** What EC2 shows of a cluster, as far as it can be read. */

import type { Ec2 } from '../adapters/ec2/client.ts'
import { serviceOf } from '../adapters/ec2/errors.ts'
import { readTables } from '../adapters/ec2/operations/tables.ts'
import { openWitness } from '../adapters/witness/open.ts'
import type { WitnessReport } from '../adapters/witness/witness.ts'
import { type CallContext, openFor, retryWithLogging } from '../agent/node/route-port.ts'
import { lookUpTargets } from '../agent/node/targets.ts'
import type { Config } from '../config/schema.ts'
import type { EniId } from '../core/ids.ts'
import type { Trouble } from '../core/overview.ts'
import { findRoute, type RouteTable, type TargetFacts } from '../core/route.ts'
import type { Target } from '../core/route-target.ts'
import { hintOf, messageOf } from '../platform/errors.ts'

export type ClusterSnapshot = {
  readonly region: string | undefined
  /** Undefined if they could not be read, like testimonies; `troubles` says why. */
  readonly tables: readonly RouteTable[] | undefined
  readonly testimonies: ReadonlyMap<string, WitnessReport> | undefined
  readonly facts: ReadonlyMap<string, TargetFacts>
  readonly troubles: readonly Trouble[]
  readonly notes: readonly string[]
}

export type ClusterReader = {
  /** Never rejects: `troubles` says what cannot be read. Names are looked up for `enis` and all other ENIs found. */
  look(enis: readonly EniId[], context: CallContext): Promise<ClusterSnapshot>
}

/** Reads some of the config's instances. The EC2 client is kept from one look to the next. */
export function createClusterReader(config: Config, names: readonly string[]): ClusterReader {
  const selectors = names.flatMap((name) => config.instances[name]?.routeTables ?? [])
  let opened: Ec2 | undefined

  return {
    async look(enis, context) {
      let ec2: Ec2
      try {
        ec2 = opened ?? (await openFor(config, context))
      } catch (error) {
        const nothing = { region: undefined, tables: undefined, testimonies: undefined, facts: new Map(), notes: [] }
        return { ...nothing, troubles: [troubleOf(error)] }
      }
      opened = ec2

      const witness = openWitness(config, ec2, names)
      const results = await Promise.allSettled([
        retryWithLogging((signal) => readTables(ec2, selectors, signal), context),
        retryWithLogging((signal) => witness.read(signal), context),
      ])
      const [tables, testimonies] = [readingOf(results[0]), readingOf(results[1])]
      const troubles = results.flatMap((result) => (result.status === 'rejected' ? [troubleOf(result.reason)] : []))
      const seen = { region: ec2.region, tables, testimonies, troubles }
      const members = [...enis, ...membersOf(testimonies)]
      const targets = [...members.map(targetOf), ...targetsOf(tables ?? [], config, names)]
      // Names would fail for the same reason.
      if (troubles.length === results.length) return { ...seen, facts: new Map(), notes: [] }
      try {
        const facts = await lookUpTargets(ec2, targets, context)
        return { ...seen, facts, notes: [] }
      } catch (error) {
        // If reading failed altogether, missing names are not worth a note.
        const notes = troubles.length > 0 ? [] : [`cannot show names and zones: ${messageOf(error)}`]
        return { ...seen, facts: new Map(), notes }
      }
    },
  }
}

function readingOf<Value>(result: PromiseSettledResult<Value>): Value | undefined {
  return result.status === 'fulfilled' ? result.value : undefined
}

function troubleOf(error: unknown): Trouble {
  return { service: serviceOf(error), message: messageOf(error), hint: hintOf(error) }
}

/** Every ENI that carries a claim or a pin, valid or not. */
function membersOf(testimonies: ClusterSnapshot['testimonies']): EniId[] {
  return [...(testimonies?.values() ?? [])].flatMap(({ claims, pins, doubts }) => [
    ...claims.map(({ claim }) => claim.eni),
    ...[...pins, ...doubts].map(({ eni }) => eni),
  ])
}

function targetOf(eni: EniId): Target {
  return { kind: 'eni', eni, instance: undefined }
}

/** The targets of these instances' VIPs. */
function targetsOf(tables: readonly RouteTable[], config: Config, names: readonly string[]): Target[] {
  const vips = names.flatMap((name) => config.instances[name]?.vips ?? [])
  return tables.flatMap((table) => vips.flatMap((vip) => findRoute(table, vip)?.target ?? []))
}

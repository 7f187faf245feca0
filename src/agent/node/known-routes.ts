/**
 * What was last seen of an instance's routes, kept on disk: so that an edge writes at once, with nothing read before,
 * even where the config names tables by name or tag; and leaves alone what is known to be somebody else's.
 */

import type { Config } from '../../config/schema.ts'
import { isEniId, isRouteTableId, type RouteTableId } from '../../core/ids.ts'
import type { Pin } from '../../core/pin.ts'
import { type RouteKey, type RoutePolicy, type RouteTable, refusalOf, routeKeyText } from '../../core/route.ts'
import type { Destination } from '../../core/vip.ts'
import type { FoundFile } from '../../state/directory.ts'
import { isTrusted, keepState, keptState, stateName } from '../../state/state-directory.ts'

export type KnownRoutes = {
  readonly tables: readonly RouteTableId[]
  /** Routes that were not ours to write, as key texts: these are looked at again before they are written. */
  readonly foreign: readonly string[]
  /** The operator's pin that counted at the last look. */
  readonly pin?: Pin | undefined
}

/** `of`: the part of the config that the view was made for. */
type KnownRoutesFile = KnownRoutes & { readonly of: string }

export function knownRoutesOf(
  tables: readonly RouteTable[],
  vips: readonly Destination[],
  policy: RoutePolicy,
): KnownRoutes {
  const foreign = tables.flatMap((table) =>
    vips.filter((vip) => refusalOf(table, vip, policy)).map((vip) => routeKeyText({ table: table.id, vip })),
  )
  return { tables: tables.map((table) => table.id), foreign }
}

/**
 * Every VIP in every table, in the order in which they are written: first one table of each VIP, another for each as far
 * as there are any, and so on. Where EC2 makes hundreds wait, no VIP and no table is the last to move.
 */
export function routeKeys(tables: readonly RouteTableId[], vips: readonly Destination[]): RouteKey[] {
  return tables.flatMap((_, round) =>
    vips.flatMap((vip, index) => {
      const table = tables[(index + round) % tables.length]
      return table ? [{ table, vip }] : []
    }),
  )
}

export function saveKnownRoutes(stateDirectory: string, instance: string, config: Config, view: KnownRoutes): void {
  const file: KnownRoutesFile = {
    of: subject(config, instance),
    tables: view.tables,
    foreign: view.foreign,
    ...(view.pin && { pin: view.pin }),
  }
  keepState(stateDirectory, stateName(instance, 'view'), `${JSON.stringify(file)}\n`)
}

/**
 * The newest view of the instance, if there is one and the config has not changed since. Where every table is named by its
 * id, none is needed.
 */
export function loadKnownRoutes(stateDirectory: string, instance: string, config: Config): KnownRoutes | undefined {
  return savedKnownRoutes(stateDirectory, instance, config) ?? knownRoutesOfIds(config, instance)
}

function savedKnownRoutes(stateDirectory: string, instance: string, config: Config): KnownRoutes | undefined {
  const of = subject(config, instance)
  const [newest] = filesOf(stateDirectory, instance)
    // What it says is written to: root writes no route that another user names.
    .filter(({ stat }) => isTrusted(stat))
    .sort((a, b) => b.stat.mtimeMs - a.stat.mtimeMs)
    .flatMap(({ text }) => {
      const file = parseJson(text)
      return isKnownRoutesFile(file) && file.of === of ? [file] : []
    })
  return newest
}

function filesOf(stateDirectory: string, instance: string): FoundFile[] {
  try {
    return keptState(stateDirectory, stateName(instance, 'view'))
  } catch {
    return [] // They cannot be read; the routes are read instead.
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Not ours, then: as good as none.
  }
}

/** Without a schema's library, which takes longer to load than the routes to be written. */
function isKnownRoutesFile(value: unknown): value is KnownRoutesFile {
  const { of, tables, foreign, pin }: Partial<Record<string, unknown>> = Object(value)
  const isTable = (id: unknown) => typeof id === 'string' && isRouteTableId(id)
  return (
    typeof of === 'string' &&
    Array.isArray(tables) &&
    tables.length > 0 &&
    tables.every(isTable) &&
    Array.isArray(foreign) &&
    foreign.every((key) => typeof key === 'string') &&
    (pin === undefined || isPin(pin))
  )
}

function isPin(value: unknown): boolean {
  const { eni, since, until }: Partial<Record<string, unknown>> = Object(value)
  return typeof eni === 'string' && isEniId(eni) && typeof since === 'number' && typeof until === 'number'
}

function knownRoutesOfIds(config: Config, instance: string): KnownRoutes | undefined {
  const selectors = config.instances[instance]?.routeTables ?? []
  const tables = selectors.flatMap((selector) => (selector.kind === 'id' ? [selector.id] : []))
  return tables.length === selectors.length ? { tables: [...new Set(tables)], foreign: [] } : undefined
}

function subject(config: Config, instance: string): string {
  const { hooks: _, ...routes } = config.instances[instance] ?? {}
  return JSON.stringify([config.region, config.assumeRole, routes])
}

/**
 * The last view of an instance's routes, kept on disk, so that an edge can write at once without reading first, even if the
 * config selects tables by name or tag, and leaves foreign routes alone.
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
  /** Foreign routes, as key texts: they are read again before they are written. */
  readonly foreign: readonly string[]
  /** The valid pin at the last look. */
  readonly pin?: Pin | undefined
}

/** `of`: the part of the config that the view is for. */
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
 * Every VIP in every table, in the order to write them: one table of each VIP, then another of each, and so on. So when
 * EC2's token bucket delays hundreds of writes, no VIP and no table moves entirely last.
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
 * The newest view of the instance, if there is one and the config has not changed since. If the config names every table by
 * id, none is needed.
 */
export function loadKnownRoutes(stateDirectory: string, instance: string, config: Config): KnownRoutes | undefined {
  return savedKnownRoutes(stateDirectory, instance, config) ?? knownRoutesOfIds(config, instance)
}

function savedKnownRoutes(stateDirectory: string, instance: string, config: Config): KnownRoutes | undefined {
  const of = subject(config, instance)
  const [newest] = filesOf(stateDirectory, instance)
    // Its tables are written to, and root must not write routes that another user names.
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
    return [] // Unreadable; the routes are read instead.
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Not ours, so ignored.
  }
}

/** Without zod, which takes longer to load than the routes take to write. */
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
  return JSON.stringify([config.region, config.assumeRole, config.vpc, routes])
}

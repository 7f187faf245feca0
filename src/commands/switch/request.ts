/** Parses the arguments of `vip-switch switch`. */
import { instanceOf } from '../../config/instances.ts'
import { loadConfig } from '../../config/load.ts'
import { configPath } from '../../config/paths.ts'
import type { Config, TableSelector } from '../../config/schema.ts'
import { isEniId, isInstanceId, isRouteTableId } from '../../core/ids.ts'
import { parseReference, type Reference } from '../../core/reference.ts'
import type { RoutePolicy } from '../../core/route.ts'
import { type Destination, InvalidDestination, parseVip, sameDestination } from '../../core/vip.ts'
import { Failure } from '../../platform/errors.ts'
import type { LogFormat } from '../../terminal/log.ts'

export type SwitchOptions = {
  routeTable: string[]
  vip: string[]
  instance?: string
  eni?: string
  to?: string
  force?: true
  dryRun?: true
  json?: true
  config?: string
  region?: string
  logFormat?: LogFormat
  /** Milliseconds, like `deadline`. */
  pin?: number
  deadline?: number
}

/** What to move, and where to; without a target, to this node. */
export type SwitchRequest = {
  readonly selectors: readonly TableSelector[]
  readonly vips: readonly Destination[]
  readonly policy: RoutePolicy
  readonly target: Reference | undefined
}

/** @throws Failure of kind `usage` or `config` */
export function requestOf(name: string | undefined, options: SwitchOptions, config: Config | undefined): SwitchRequest {
  if (options.pin !== undefined && name === undefined) throw usage('a pin requires an instance of the config: name it')
  const byFlags = options.routeTable.length > 0 || options.vip.length > 0
  const target = targetOf(options)
  if (name !== undefined) {
    if (byFlags) throw usage(`for the instance ${name}, -r and -v come from the config: omit them`)
    const { routeTables, vips, createMissing, takeOver } = instanceOf(
      config ?? loadConfig(configPath(options.config), options.region),
      name,
    )
    return { selectors: routeTables, vips, policy: { createMissing, takeOver }, target }
  }
  if (!byFlags) {
    const known = config ? Object.keys(config.instances).join(', ') : 'no config'
    throw usage(`nothing to switch: name an instance of the config (${known}), or use -r, -v and a target`)
  }
  if (options.routeTable.length === 0) throw usage('-v requires a route table: -r rtb-… or -r NAME')
  if (options.vip.length === 0) throw usage('-r requires a VIP: -v ADDRESS')
  if (!target) throw usage('no target: use -I, --eni or --to')
  return {
    selectors: options.routeTable.map((text) =>
      isRouteTableId(text) ? { kind: 'id', id: text } : { kind: 'name', name: text },
    ),
    // Two spellings of one VIP make one write.
    vips: options.vip
      .map(vipOf)
      .filter((vip, index, all) => all.findIndex((other) => sameDestination(other, vip)) === index),
    // Without a config, routes are moved but never created: a typo would create one that nobody knows of.
    policy: { createMissing: false, takeOver: [] },
    target,
  }
}

function vipOf(text: string): Destination {
  try {
    return parseVip(text)
  } catch (error) {
    if (error instanceof InvalidDestination) throw usage(`-v: ${error.message}`)
    throw error
  }
}

function targetOf({ instance, eni, to }: SwitchOptions): Reference | undefined {
  const given = [instance, eni, to].filter((value) => value !== undefined)
  if (given.length > 1) throw usage('-I, --eni and --to are mutually exclusive')
  if (eni !== undefined) {
    if (!isEniId(eni)) throw usage(`--eni: "${eni}" is not the id of a network interface (eni-…)`)
    return { kind: 'eni', eni }
  }
  if (instance !== undefined) {
    return isInstanceId(instance) ? { kind: 'instance', instance } : { kind: 'name', name: instance }
  }
  return to === undefined ? undefined : parseReference(to)
}

function usage(message: string): Failure {
  return new Failure('usage', message, { hint: 'see vip-switch switch --help' })
}

/** The nodes of the default seed, and the hook that keepalived runs on them. */
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RouteTarget } from '../../src/lab/ec2/model.ts'
import { environmentFor, type Run, runProgram } from './cli.ts'
import { directory, endpoint } from './endpoint.ts'

export const MASTER = ['INSTANCE', 'VI_1', 'MASTER', '150']
export const BACKUP = ['INSTANCE', 'VI_1', 'BACKUP', '150']
export const STOP = ['INSTANCE', 'VI_1', 'STOP', '150']

export const TABLES = ['private-a', 'private-c']

/** The id of a resource of the default seed. */
export function idOf(name: string, prefix: string): string {
  for (const [id, tags] of endpoint.region.tags) if (id.startsWith(prefix) && tags.get('Name') === name) return id
  throw new Error(`the seed has no ${prefix} named ${name}`)
}

export function eniOf(instanceName: string): string {
  const instance = idOf(instanceName, 'i-')
  for (const each of endpoint.region.interfaces.values()) if (each.attachment?.instanceId === instance) return each.id
  throw new Error(`${instanceName} has no ENI`)
}

/** Where the VIP points, by table. */
export function targets(vip = '10.99.0.10/32'): Record<string, string | undefined> {
  const entries = TABLES.map((name) => {
    const routes = endpoint.region.routeTables.get(idOf(name, 'rtb-'))?.routes ?? []
    return [name, routes.find((route) => route.destination.value === vip)?.target.id] as const
  })
  return Object.fromEntries(entries)
}

/** Somebody else points the VIP's route of a table elsewhere. */
export function setTarget(table: string, target: RouteTarget): void {
  const routes = endpoint.region.routeTables.get(idOf(table, 'rtb-'))?.routes ?? []
  const route = routes.find(({ destination }) => destination.value === '10.99.0.10/32')
  if (!route) throw new Error(`${table} has no route of the VIP`)
  route.target = target
  if (target.field !== 'networkInterfaceId') endpoint.region.gateways.add(target.id)
}

/** The targets when each table points there. */
export const both = (target: string) => Object.fromEntries(TABLES.map((name) => [name, target]))

/** An instance of the config whose tables are numbered, so that none is looked up by name. */
export const byIds = () =>
  `vips: [10.99.0.10], routeTables: [${idOf('private-a', 'rtb-')}, ${idOf('private-c', 'rtb-')}]`

type HookRun = {
  instance?: string
  config?: string
  /** Null: the instance is asked. */
  eni?: string | null
  flags?: string[]
  env?: NodeJS.ProcessEnv
}

/**
 * Runs the hook of a node, whose state directory is its own. The process is forked before this returns, so that hooks
 * are as old as the order of the calls says.
 */
export function hook(
  node: string,
  event: readonly string[],
  {
    instance = 'vips: [10.99.0.10], routeTables: [{ name: private-a }, { name: private-c }]',
    config: settings = '',
    eni = eniOf(node),
    flags = [],
    env = {},
  }: HookRun = {},
): Promise<Run> {
  // A file of its own: another hook of the node may be reading its config just now.
  const config = join(directory, `${randomUUID()}.yaml`)
  writeFileSync(
    config,
    `cluster: db\n${eni === null ? '' : `eni: ${eni}`}\n${settings}\ninstances:\n  VI_1: { ${instance} }\n`,
  )
  const state = join(directory, node)
  return runProgram(
    ['notify', '--config', config, '--state-dir', state, ...flags, ...event],
    environmentFor(endpoint, env),
  )
}

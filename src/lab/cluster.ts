/** Two nodes with keepalived and one EC2 endpoint. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Daemon, daemonSettings, fifoOf, launchDaemon } from './daemon.ts'
import type { Seed } from './ec2/seed/seed.ts'
import type { EndpointControl } from './endpoint-control.ts'
import { type Hook, type InstanceRoutes, writeHook } from './hook.ts'
import type { Keepalived, KeepalivedOptions } from './keepalived.ts'
import { tail } from './logged-process.ts'
import { type LabNode, nodes } from './scene.ts'
import type { Site } from './site.ts'

type ClusterOptions = {
  readonly site: Site
  readonly directory: string
  readonly seed: Seed
  readonly region: string
  /** The routes of each VRRP instance. */
  readonly instances: Readonly<Record<string, InstanceRoutes>>
  /** Seconds. */
  readonly advertInterval: number
  /** Added to the hooks' environment. */
  readonly env?: NodeJS.ProcessEnv
  /** As in KeepalivedOptions. */
  readonly withHook?: boolean
  readonly withRxLowerPri?: boolean
  /** Lets every node run a daemon with this interval, fed by keepalived. */
  readonly daemons?: { readonly interval: string }
  readonly lowered?: (node: LabNode) => KeepalivedOptions['lowered']
}

export type Cluster = {
  readonly control: EndpointControl
  hookOf(node: LabNode): Hook
  /** Starts or restarts a node's keepalived. */
  start(node: LabNode): Promise<Keepalived>
  /** The node's latest keepalived. @throws if none was started */
  keepalivedOf(node: LabNode): Keepalived
  /** Starts or restarts the process of a node's daemon. */
  launchDaemon(node: LabNode): Promise<Daemon>
  /** Starts or restarts a node's daemon, and waits until it has started. @throws an error with its output if it does not */
  startDaemon(node: LabNode): Promise<Daemon>
  /** The node's latest daemon. @throws if none was started */
  daemonOf(node: LabNode): Daemon
  /** The tail of every log. */
  logs(): string
  /** Kills every process and removes the site. */
  close(): Promise<void>
}

/** Starts only the endpoint; call `start` for each node. */
export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const { site, seed, region, instances, advertInterval, lowered, daemons, withHook, withRxLowerPri } = options
  const { control, envOf } = await site.startEndpoint(options.directory, seed)
  const hooks = new Map<LabNode, Hook>()
  for (const node of nodes) {
    const directory = join(options.directory, node.name)
    mkdirSync(directory)
    const settings = daemons && daemonSettings(directory, daemons.interval)
    const env = { ...envOf(node), ...options.env }
    hooks.set(node, writeHook({ bin: site.bin, directory, region, instances, env, ...(settings && { settings }) }))
  }
  const running = new Map<LabNode, Keepalived>()
  const reconciling = new Map<LabNode, Daemon>()

  async function launch(node: LabNode): Promise<Daemon> {
    const { env } = entryOf(hooks, node)
    const daemon = await launchDaemon({ site, node, directory: join(options.directory, node.name), env })
    reconciling.set(node, daemon)
    return daemon
  }

  return {
    control,
    hookOf: (node) => entryOf(hooks, node),
    async start(node) {
      const reason = lowered?.(node)
      const directory = join(options.directory, node.name)
      const keepalived = await site.startKeepalived(node, {
        directory,
        priority: node.priority,
        advertInterval,
        instances: Object.fromEntries(Object.entries(instances).map(([name, { vips }]) => [name, vips])),
        hook: entryOf(hooks, node),
        ...(withHook !== undefined && { withHook }),
        ...(withRxLowerPri !== undefined && { withRxLowerPri }),
        ...(daemons && { fifo: fifoOf(directory) }),
        ...(reason && { lowered: reason }),
      })
      running.set(node, keepalived)
      return keepalived
    },
    keepalivedOf: (node) => entryOf(running, node),
    launchDaemon: launch,
    async startDaemon(node) {
      const daemon = await launch(node)
      await daemon.started()
      return daemon
    },
    daemonOf: (node) => entryOf(reconciling, node),
    logs() {
      const processes = [
        ...[...running].map(([node, { log }]) => `keepalived of ${node.name}:\n${tail(log.lines)}\n`),
        ...[...reconciling].map(([node, daemon]) => `daemon of ${node.name}:\n${tail(daemon.process.lines)}\n`),
      ]
      return [...processes, ...[...hooks].map(([node, hook]) => `hook of ${node.name}:\n${hook.logText()}`)].join('\n')
    },
    async close() {
      const processes = [...running.values()].map(({ log }) => log)
      processes.push(...[...reconciling.values()].map((daemon) => daemon.process))
      for (const each of processes) each.kill()
      await site.remove()
      await Promise.all(processes.map(({ exited }) => exited))
    },
  }
}

function entryOf<Value>(map: ReadonlyMap<LabNode, Value>, node: LabNode): Value {
  const value = map.get(node)
  if (value === undefined) throw new Error(`nothing was started on ${node.name} yet`)
  return value
}

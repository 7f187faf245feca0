/** Two nodes with the real keepalived against one EC2 endpoint, in a network of their own. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Seed } from './ec2/seed/seed.ts'
import type { EndpointControl } from './endpoint-control.ts'
import { endpointUrl, startEndpointProcess } from './endpoint-process.ts'
import { type Hook, type InstanceRoutes, writeHook } from './hook.ts'
import { type Keepalived, type KeepalivedOptions, startKeepalived } from './keepalived.ts'
import { tail } from './logged-process.ts'
import type { Network } from './network.ts'
import { type LabNode, nodes } from './scene.ts'

export type ClusterOptions = {
  /** The built program. */
  readonly bin: string
  readonly directory: string
  readonly network: Network
  readonly seed: Seed
  readonly region: string
  /** What moves with each VRRP instance. */
  readonly instances: Readonly<Record<string, InstanceRoutes>>
  /** Seconds. */
  readonly advertInterval: number
  /** Added to the hooks' environment. */
  readonly env?: NodeJS.ProcessEnv
  readonly lowered?: (node: LabNode) => KeepalivedOptions['lowered']
}

export type Cluster = {
  readonly control: EndpointControl
  hookOf(node: LabNode): Hook
  /** Starts a node's keepalived, again if it ran before. */
  start(node: LabNode): Promise<Keepalived>
  /** A node's keepalived, the last one started. @throws if none was */
  keepalivedOf(node: LabNode): Keepalived
  /** The last lines of every log. */
  logs(): string
  /** Ends every process and removes the network. */
  close(): Promise<void>
}

/** Starts the endpoint; the nodes are started one by one. */
export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const { bin, network, seed, region, instances, advertInterval, lowered } = options
  const control = await startEndpointProcess({ bin, namespace: network.cloud, directory: options.directory, seed })
  const env = { AWS_ENDPOINT_URL: endpointUrl, ...options.env }
  const hooks = new Map<LabNode, Hook>()
  for (const node of nodes) {
    const directory = join(options.directory, node.name)
    mkdirSync(directory)
    hooks.set(node, writeHook({ bin, directory, region, instances, env }))
  }
  const running = new Map<LabNode, Keepalived>()

  return {
    control,
    hookOf: (node) => entryOf(hooks, node),
    async start(node) {
      const reason = lowered?.(node)
      const keepalived = await startKeepalived({
        namespace: network.namespaceOf(node),
        directory: join(options.directory, node.name),
        address: node.address,
        peers: nodes.filter((other) => other !== node).map(({ address }) => address),
        priority: node.priority,
        advertInterval,
        instances: Object.fromEntries(Object.entries(instances).map(([name, { vips }]) => [name, vips])),
        hook: entryOf(hooks, node),
        ...(reason && { lowered: reason }),
      })
      running.set(node, keepalived)
      return keepalived
    },
    keepalivedOf: (node) => entryOf(running, node),
    logs() {
      const daemons = [...running].map(([node, { log }]) => `keepalived of ${node.name}:\n${tail(log.lines)}\n`)
      return [...daemons, ...[...hooks].map(([node, hook]) => `hook of ${node.name}:\n${hook.logText()}`)].join('\n')
    },
    async close() {
      network.remove()
      await Promise.all([...running.values()].map(({ log }) => log.exited))
    },
  }
}

function entryOf<Value>(map: ReadonlyMap<LabNode, Value>, node: LabNode): Value {
  const value = map.get(node)
  if (value === undefined) throw new Error(`${node.name} has none yet`)
  return value
}

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { endpointUrl, startEndpointProcess } from './endpoint-process.ts'
import { type Hook, writeHook } from './hook.ts'
import { type Keepalived, startKeepalived } from './keepalived.ts'
import { tail } from './logged-process.ts'
import type { Network } from './network.ts'
import type { RunDirectory } from './run-directory.ts'
import { type LabNode, nodes, type Scene, seed, vip, vrrpInstance } from './scene.ts'
import type { Narrator, Stage, Transition } from './stage.ts'

const advertInterval = 0.2
const master = new RegExp(`\\(${vrrpInstance}\\) Entering MASTER STATE`)

/** The real keepalived, one in each node's network namespace. */
export async function keepalivedStage(options: {
  bin: string
  directory: RunDirectory
  network: Network
  scene: Scene
  narrate: Narrator
}): Promise<Stage> {
  const { bin, directory, network, scene, narrate } = options
  const hooks = new Map<LabNode, Hook>()
  const running = new Map<LabNode, Keepalived>()
  const control = await startEndpointProcess({ bin, namespace: network.cloud, directory: directory.path, seed })
  narrate('cloud', `EC2 and IMDS at ${endpointUrl}, in a namespace of its own`)

  for (const node of nodes) {
    mkdirSync(join(directory.path, node.name))
    const instances = { [vrrpInstance]: { vips: [vip], routeTables: [...scene.tables.values()] } }
    const env = { AWS_ENDPOINT_URL: endpointUrl }
    hooks.set(
      node,
      writeHook({ bin, directory: join(directory.path, node.name), region: scene.region, instances, env }),
    )
  }

  function hookOf(node: LabNode): Hook {
    const hook = hooks.get(node)
    if (!hook) throw new Error(`${node.name} has no hook`)
    return hook
  }

  async function start(node: LabNode): Promise<Keepalived> {
    const keepalived = await startKeepalived({
      namespace: network.namespaceOf(node),
      directory: join(directory.path, node.name),
      address: node.address,
      peers: nodes.filter((other) => other !== node).map(({ address }) => address),
      priority: node.priority,
      advertInterval,
      instances: { [vrrpInstance]: [vip] },
      hook: hookOf(node),
    })
    running.set(node, keepalived)
    narrate(
      node.name,
      `keepalived starts: ${node.address}, priority ${node.priority}, an advert every ${advertInterval} s`,
    )
    return keepalived
  }

  /** Waits until VRRP has elected a node. */
  async function elected(node: LabNode, keepalived: Keepalived | undefined, causedAt: number): Promise<Transition> {
    if (!keepalived) throw new Error(`${node.name} runs no keepalived`)
    const { at } = await keepalived.log.line(master)
    narrate(node.name, 'elected MASTER: keepalived calls vip-switch notify')
    return { causedAt, electedAt: at }
  }

  const [first, second] = nodes
  return {
    control,
    hookOf,
    async begin() {
      const causedAt = Date.now()
      const [keepalived] = await Promise.all([start(first), start(second)])
      return elected(first, keepalived, causedAt)
    },
    async crash() {
      const causedAt = Date.now()
      await running.get(first)?.kill()
      narrate(first.name, 'keepalived killed with SIGKILL')
      return elected(second, running.get(second), causedAt)
    },
    async failBack() {
      const causedAt = Date.now()
      return elected(first, await start(first), causedAt)
    },
    logs: () => [...running].map(([node, { log }]) => `keepalived of ${node.name}:\n${tail(log.lines)}`).join('\n\n'),
    async close() {
      network.remove()
      await Promise.all([...running.values()].map(({ log }) => log.exited))
    },
  }
}

/** Such as `keepalived v2.2.7`. @throws if it cannot be run */
export function keepalivedVersion(): string {
  const text = execFileSync('/bin/sh', ['-c', 'keepalived --version 2>&1'], { encoding: 'utf8' })
  return (text.split('\n', 1)[0] ?? '').replace(/ \(.*/, '').replace(/^K/, 'k')
}

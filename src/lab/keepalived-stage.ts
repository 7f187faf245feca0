import { execFileSync } from 'node:child_process'
import { createCluster } from './cluster.ts'
import { ENDPOINT_URL } from './endpoint-process.ts'
import { elected, type Keepalived } from './keepalived.ts'
import { METADATA_ADDRESS, type Network } from './network.ts'
import type { RunDirectory } from './run-directory.ts'
import { instancesOf, type LabNode, nodes, type Scene, seed, VRRP_INSTANCE } from './scene.ts'
import type { Narrator, Stage, Transition } from './stage.ts'

/** Seconds. */
const ADVERT_INTERVAL = 0.2

/** The real keepalived, one in each node's network namespace. */
export async function keepalivedStage(options: {
  bin: string
  directory: RunDirectory
  network: Network
  scene: Scene
  narrate: Narrator
}): Promise<Stage> {
  const { bin, network, scene, narrate } = options
  const directory = options.directory.path
  const { region } = scene
  const instances = instancesOf(scene)
  const cluster = await createCluster({
    bin,
    directory,
    network,
    seed,
    region,
    instances,
    advertInterval: ADVERT_INTERVAL,
  })
  narrate('cloud', `EC2 at ${ENDPOINT_URL}, IMDS at ${METADATA_ADDRESS}`)

  async function start(node: LabNode): Promise<Keepalived> {
    const keepalived = await cluster.start(node)
    narrate(node.name, `keepalived starts: ${node.address}, priority ${node.priority}`)
    return keepalived
  }

  async function election(node: LabNode, keepalived: Keepalived, causedAt: number): Promise<Transition> {
    const electedAt = await elected(keepalived, VRRP_INSTANCE)
    narrate(node.name, 'elected MASTER: keepalived calls vip-switch notify')
    return { causedAt, electedAt }
  }

  const [first, second] = nodes
  return {
    control: cluster.control,
    hookOf: cluster.hookOf,
    async begin() {
      const causedAt = Date.now()
      const [keepalived] = await Promise.all([start(first), start(second)])
      return election(first, keepalived, causedAt)
    },
    async crash() {
      const causedAt = Date.now()
      await cluster.keepalivedOf(first).kill()
      narrate(first.name, 'keepalived killed with SIGKILL')
      return election(second, cluster.keepalivedOf(second), causedAt)
    },
    async failBack() {
      const causedAt = Date.now()
      return election(first, await start(first), causedAt)
    },
    logs: cluster.logs,
    close: cluster.close,
  }
}

/** Such as `keepalived v2.2.7`. @throws if it cannot be run */
export function keepalivedVersion(): string {
  const text = execFileSync('/bin/sh', ['-c', 'keepalived --version 2>&1'], { encoding: 'utf8' })
  return (text.split('\n', 1)[0] ?? '').replace(/ \(.*/, '').replace(/^K/, 'k')
}

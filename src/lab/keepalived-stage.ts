import { execFileSync } from 'node:child_process'
import { type Cluster, createCluster } from './cluster.ts'
import { endpointUrl } from './endpoint-process.ts'
import { elected, type Keepalived } from './keepalived.ts'
import type { Network } from './network.ts'
import { poll } from './poll.ts'
import type { RunDirectory } from './run-directory.ts'
import { instancesOf, type LabNode, nodes, type Scene, seed, VRRP_INSTANCE } from './scene.ts'
import type { DaemonDecision, Narrator, SplitBrain, Stage, Transition } from './stage.ts'
import { loseVrrp, obstacleToVrrpLoss } from './vrrp-loss.ts'

/** Seconds. */
const ADVERT_INTERVAL = 0.2
/** Seconds between a master's reads; the config's default. */
const DAEMON_INTERVAL = 5
const PATIENCE_MS = 15_000

/** A stage with real keepalived in each node's network namespace. */
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
    daemons: { interval: `${DAEMON_INTERVAL}s` },
  })
  narrate('cloud', `EC2 at ${endpointUrl(network)}, IMDS at ${network.metadataAddress}`)

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
    splitBrain: obstacleToVrrpLoss(network, nodes) ?? splitBrainOf(cluster, network, narrate),
    logs: cluster.logs,
    close: cluster.close,
  }
}

function splitBrainOf(cluster: Cluster, network: Network, narrate: Narrator): SplitBrain {
  const [, second] = nodes
  let hear: (() => void) | undefined

  function decisionsOf(node: LabNode): DaemonDecision[] {
    return cluster
      .daemonOf(node)
      .log()
      .flatMap(({ condition, action, msg: sentence }) =>
        typeof condition === 'string' && typeof action === 'string' ? [{ condition, action, sentence }] : [],
      )
  }

  /** Waits until the second node enters the state after `since`; returns when. */
  async function entered(state: 'MASTER' | 'BACKUP', since: number): Promise<number> {
    const { log } = cluster.keepalivedOf(second)
    const text = `(${VRRP_INSTANCE}) Entering ${state} STATE`
    const isIt = (line: { at: number; text: string }) => line.at >= since && line.text.includes(text)
    return (await poll(`${second.name}: ${text}`, PATIENCE_MS, () => log.lines.find(isIt))).at
  }

  return {
    async startDaemons() {
      // One by one: a backup that starts before the master has published its claim does not look again for a while.
      for (const node of nodes) {
        await cluster.startDaemon(node)
        narrate(node.name, `vip-switch reconcile starts, interval ${DAEMON_INTERVAL} s`)
        const isWell = () => decisionsOf(node).at(-1)?.condition === 'OK' || undefined
        await poll(`${node.name}'s daemon reports OK`, PATIENCE_MS, isWell)
      }
    },
    async part() {
      const partedAt = Date.now()
      hear = loseVrrp(network, nodes)
      narrate('net', 'adverts are dropped, both ways: nftables, IP protocol 112')
      const secondMasterAt = await entered('MASTER', partedAt)
      narrate(second.name, 'elected MASTER, too: it cannot tell the difference')
      return { partedAt, secondMasterAt }
    },
    async rejoin() {
      const rejoinedAt = Date.now()
      hear?.()
      narrate('net', 'adverts get through again')
      const steppedDownAt = await entered('BACKUP', rejoinedAt)
      narrate(second.name, 'sees a higher priority and steps down')
      return { rejoinedAt, steppedDownAt }
    },
    decisionsOf,
  }
}

/** For example `keepalived v2.2.7`. @throws if it cannot be run */
export function keepalivedVersion(): string {
  const text = execFileSync('/bin/sh', ['-c', 'keepalived --version 2>&1'], { encoding: 'utf8' })
  return (text.split('\n', 1)[0] ?? '').replace(/ \(.*/, '').replace(/^K/, 'k')
}

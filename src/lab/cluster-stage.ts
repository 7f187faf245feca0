/** A stage on which a whole cluster runs: keepalived, real or simulated, the hooks, and the daemons. */
import { type Cluster, createCluster } from './cluster.ts'
import { elected, type Keepalived } from './keepalived.ts'
import { poll } from './poll.ts'
import type { RunDirectory } from './run-directory.ts'
import { instancesOf, type LabNode, nodes, type Scene, seed, VRRP_INSTANCE } from './scene.ts'
import type { Site } from './site.ts'
import type { DaemonDecision, Narrator, SplitBrain, Stage, Transition } from './stage.ts'

/** Seconds. */
const ADVERT_INTERVAL = 0.2
/** Seconds between a master's reads; the config's default. */
const DAEMON_INTERVAL = 5
const PATIENCE_MS = 15_000

/** The scene's cluster, of which nothing but EC2 has been started. */
export function sceneCluster(site: Site, scene: Scene, directory: RunDirectory): Promise<Cluster> {
  return createCluster({
    site,
    directory: directory.path,
    seed,
    region: scene.region,
    instances: instancesOf(scene),
    advertInterval: ADVERT_INTERVAL,
    daemons: { interval: `${DAEMON_INTERVAL}s` },
  })
}

export async function clusterStage(options: {
  site: Site
  directory: RunDirectory
  scene: Scene
  narrate: Narrator
}): Promise<Stage> {
  const { site, scene, directory, narrate } = options
  const cluster = await sceneCluster(site, scene, directory)
  narrate('cloud', site.ec2)

  async function start(node: LabNode): Promise<Keepalived> {
    const keepalived = await cluster.start(node)
    narrate(node.name, `${site.keepalived} starts: ${node.address}, priority ${node.priority}`)
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
    splitBrain: splitBrainOf(cluster, site, narrate),
    logs: cluster.logs,
    close: cluster.close,
  }
}

function splitBrainOf(cluster: Cluster, site: Site, narrate: Narrator): SplitBrain {
  const [, second] = nodes

  function decisionsOf(node: LabNode): DaemonDecision[] {
    return cluster
      .daemonOf(node)
      .log()
      .flatMap(({ condition, action, msg: sentence }) =>
        condition !== undefined && action !== undefined ? [{ condition, action, sentence }] : [],
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
      for (const node of nodes) site.setCut(node, 'adverts', true)
      narrate('net', `adverts are dropped, both ways: ${site.cutting}`)
      const secondMasterAt = await entered('MASTER', partedAt)
      narrate(second.name, 'elected MASTER, too: it cannot tell the difference')
      return { partedAt, secondMasterAt }
    },
    async rejoin() {
      const rejoinedAt = Date.now()
      for (const node of nodes) site.setCut(node, 'adverts', false)
      narrate('net', 'adverts get through again')
      const steppedDownAt = await entered('BACKUP', rejoinedAt)
      narrate(second.name, 'sees a higher priority and steps down')
      return { rejoinedAt, steppedDownAt }
    },
    decisionsOf,
  }
}

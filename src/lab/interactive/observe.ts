/** One look at the whole lab. */
import { join } from 'node:path'
import { claimKey, parseClaim } from '../../adapters/witness/tag.ts'
import { askStatus } from '../../agent/control/status.ts'
import { isEniId } from '../../core/ids.ts'
import type { Cluster } from '../cluster.ts'
import { controlOf } from '../daemon.ts'
import { CLUSTER_NAME } from '../hook.ts'
import { inNames, type LabNode, nodes, type Scene, VIP, VRRP_INSTANCE } from '../scene.ts'
import { vipRoutes } from '../vip-routes.ts'
import type { Faults } from './faults.ts'
import type { Journal } from './journal.ts'
import type { DaemonView, LabView, NodeView } from './view.ts'

export type Lab = {
  readonly cluster: Cluster
  readonly scene: Scene
  /** Of the run. */
  readonly directory: string
  readonly faults: Faults
  readonly journal: Journal
}

export async function observe({ cluster, scene, directory, faults, journal }: Lab): Promise<LabView> {
  const { control } = cluster
  const [routes, claims, daemons] = await Promise.all([
    vipRoutes(control),
    control.tags(claimKey(CLUSTER_NAME, VRRP_INSTANCE)),
    Promise.all(nodes.map(daemonOf)),
  ])
  journal.update(routes)

  async function daemonOf(node: LabNode): Promise<DaemonView> {
    if (cluster.daemonOf(node).process.hasEnded()) return { kind: 'killed' }
    const answer = await askStatus(controlOf(join(directory, node.name)))
    if (answer.kind !== 'up') return { kind: 'silent' }
    const decision = answer.status.instances.find(({ name }) => name === VRRP_INSTANCE)?.decision
    if (!decision) return { kind: 'undecided' }
    return { kind: 'up', condition: decision.condition, reason: inNames(decision.reason, scene) }
  }

  function nodeView(node: LabNode, daemon: DaemonView): NodeView {
    const made = faults.of(node)
    return {
      name: node.name,
      state: made.has('keepalived') ? undefined : journal.stateOf(node),
      priority: node.priority,
      claim: claimView(scene.eniOf(node)),
      daemon,
      faults: made,
    }
  }

  function claimView(eni: string): NodeView['claim'] {
    const text = claims.get(eni)
    if (text === undefined || !isEniId(eni)) return undefined
    const { value } = parseClaim(eni, text)
    if (!value) return undefined
    const { state, priority, beat } = value
    return {
      text: priority === undefined ? state : `${state} ${priority}`,
      // All nodes have this machine's clock.
      beatAgeMs: Date.now() - Date.parse(beat),
    }
  }

  return {
    nodes: nodes.map((node, index) => nodeView(node, daemons[index] ?? { kind: 'silent' })),
    vip: VIP,
    routes: [...scene.tables].map(([table, id]) => {
      const route = routes.find((each) => each.table === id)
      return {
        table,
        node: route && scene.nameOf(route.target),
        isBlackhole: route?.state === 'blackhole',
      }
    }),
    log: journal.entries,
  }
}

/** Chooses the site that this machine permits: the real keepalived where it runs, else a simulated one. */
import { messageOf } from '../platform/errors.ts'
import { namespaceSite } from './namespace-site.ts'
import { createNetwork, type Network } from './network.ts'
import { setLoss } from './packet-loss.ts'
import { isOnPath } from './program-on-path.ts'
import { nodes, type Scene } from './scene.ts'
import { simulatedSite } from './simulated/site.ts'
import type { Site, Way } from './site.ts'

export type ChosenSite = {
  readonly site: Site
  readonly isReal: boolean
  /** What it is, in a sentence without its full stop. */
  readonly description: string
}

export async function chooseSite(bin: string, scene: Scene): Promise<ChosenSite> {
  const network = networkOrObstacle()
  if (typeof network !== 'string') {
    const site = namespaceSite(bin, network)
    const description = `two nodes in network namespaces, the real ${site.keepalived}, no AWS`
    return { site, isReal: true, description }
  }
  const description = `${network}, so keepalived is simulated; hooks and daemons are real; no AWS`
  return { site: await simulatedSite(bin, scene), isReal: false, description }
}

/** Creates a network for keepalived, or says why keepalived cannot run here. */
function networkOrObstacle(): Network | string {
  if (process.getuid?.() !== 0) return 'the real keepalived needs root'
  for (const program of ['keepalived', 'ip', 'nft']) if (!isOnPath(program)) return `${program} not found`
  let network: Network
  try {
    network = createNetwork(nodes)
  } catch (error) {
    return `cannot create network namespaces (${messageOf(error)})`
  }
  try {
    tryLoss(network)
    return network
  } catch (error) {
    network.remove()
    return `cannot drop packets (${messageOf(error)})`
  }
}

/** The kernel may lack what nft supports. @throws an error with the reason */
function tryLoss(network: Network): void {
  const [node] = nodes
  const ways: readonly Way[] = ['adverts', 'ec2']
  for (const way of ways) {
    setLoss(network, node, way, true)
    setLoss(network, node, way, false)
  }
}

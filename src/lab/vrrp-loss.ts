/** VRRP lost between the nodes: its packets are dropped in their namespaces, by nftables. */
import { spawnSync } from 'node:child_process'
import { messageOf } from '../platform/errors.ts'
import { inNamespace, type Network } from './network.ts'
import type { LabNode } from './scene.ts'

const TABLE = 'inet vrrp_loss'

/**
 * None of these nodes hears an advert any more: IP protocol 112 is dropped as it comes in. Returns what ends that.
 * @throws an error that says why where it cannot be done
 */
export function loseVrrp(network: Network, nodes: readonly LabNode[]): () => void {
  const each = (command: string) => {
    for (const node of nodes) nft(network.namespaceOf(node), command)
  }
  each(`table ${TABLE} { chain in { type filter hook input priority 0; ip protocol 112 drop; }; }`)
  return () => each(`delete table ${TABLE}`)
}

/** What keeps VRRP from being lost here: tried, for a kernel may lack what the program has. Undefined: nothing does. */
export function obstacleToVrrpLoss(network: Network, nodes: readonly LabNode[]): string | undefined {
  try {
    loseVrrp(network, nodes)()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function nft(namespace: string, command: string): void {
  const [program, ...rest] = inNamespace(namespace, ['nft', command])
  const { error, status, stderr } = spawnSync(program, rest, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`nft: ${stderr.split('\n', 1)[0]}`)
}

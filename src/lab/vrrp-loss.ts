/** VRRP loss between nodes: nftables drops its packets in their namespaces. */
import { spawnSync } from 'node:child_process'
import { messageOf } from '../platform/errors.ts'
import { inNamespace, type Network } from './network.ts'
import type { LabNode } from './scene.ts'

const TABLE = 'inet vrrp_loss'

/**
 * Drops incoming VRRP (IP protocol 112) on these nodes; returns a function that undoes it.
 * @throws an error with the reason if it cannot
 */
export function loseVrrp(network: Network, nodes: readonly LabNode[]): () => void {
  const each = (command: string) => {
    for (const node of nodes) nft(network.namespaceOf(node), command)
  }
  each(`table ${TABLE} { chain in { type filter hook input priority 0; meta l4proto 112 drop; }; }`)
  return () => each(`delete table ${TABLE}`)
}

/**
 * Why VRRP loss cannot be simulated here, if so. Found by trying, since the kernel may lack what the program supports.
 */
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

/** Packets lost on their way to or from a node: nftables drops them in its namespace. */
import { spawnSync } from 'node:child_process'
import { ENDPOINT_PORT } from './endpoint-process.ts'
import { inNamespace, type Network } from './network.ts'
import type { LabNode } from './scene.ts'
import type { Way } from './site.ts'

const CHAINS: Readonly<Record<Way, string>> = {
  // VRRP is IP protocol 112.
  adverts: 'type filter hook input priority 0; meta l4proto 112 drop;',
  ec2: `type filter hook output priority 0; tcp dport ${ENDPOINT_PORT} drop;`,
}

/**
 * Drops a node's packets on a way, or lets them pass again.
 * @throws an error with the reason if it cannot: the kernel may lack what the program supports
 */
export function setLoss(network: Network, node: LabNode, way: Way, isLost: boolean): void {
  const table = `inet lost_${way}`
  nft(
    network.namespaceOf(node),
    isLost ? `table ${table} { chain dropped { ${CHAINS[way]} }; }` : `delete table ${table}`,
  )
}

function nft(namespace: string, command: string): void {
  const [program, ...rest] = inNamespace(namespace, ['nft', command])
  const { error, status, stderr } = spawnSync(program, rest, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`nft: ${stderr.split('\n', 1)[0]}`)
}

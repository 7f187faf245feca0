/** Faults of the network and of processes, made where they strike. */
import { execFileSync } from 'node:child_process'
import type { Network } from '../../src/lab/network.ts'
import type { LabNode } from '../../src/lab/scene.ts'

/** Ends the fault. */
export type End = () => void

let made = 0

/** The node hears no VRRP any more: IP protocol 112 is dropped as it comes in. */
export function deafen(network: Network, node: LabNode): End {
  return drop(network, node, 'type filter hook input priority 0; meta l4proto 112 drop;')
}

/**
 * The node does not reach the EC2 endpoint, or this address of it: its packets leave, and are never answered, as when a
 * zone is lost.
 */
export function swallowEc2(network: Network, node: LabNode, address = '10.0.0.0/16'): End {
  return drop(network, node, `type filter hook output priority 0; ip daddr ${address} tcp dport 4599 drop;`)
}

/** The same, but that connections still come about. */
export function swallowRequests(network: Network, node: LabNode, address = '10.0.0.0/16'): End {
  const requests = `ip daddr ${address} tcp dport 4599 tcp flags & psh == psh`
  return drop(network, node, `type filter hook output priority 0; ${requests} drop;`)
}

function drop(network: Network, node: LabNode, chain: string): End {
  const table = `inet fault${++made}`
  const nft = (rules: string) =>
    execFileSync('ip', ['netns', 'exec', network.namespaceOf(node), 'nft', rules], { stdio: 'inherit' })
  nft(`table ${table} { chain dropped { ${chain} }; }`)
  return () => nft(`delete table ${table}`)
}

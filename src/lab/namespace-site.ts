/** The real keepalived, with each node in a network namespace of its own. */
import { execFileSync } from 'node:child_process'
import { endpointUrl, startEndpointProcess } from './endpoint-process.ts'
import { startKeepalived } from './keepalived.ts'
import { inNamespace, type Network } from './network.ts'
import { setLoss } from './packet-loss.ts'
import { nodes } from './scene.ts'
import type { Site } from './site.ts'

/** @param bin the built program */
export function namespaceSite(bin: string, network: Network): Site {
  return {
    bin,
    keepalived: keepalivedVersion(),
    ec2: `EC2 at ${endpointUrl(network)}, IMDS at ${network.metadataAddress}`,
    cutting: 'nftables, IP protocol 112',
    async startEndpoint(directory, seed) {
      const control = await startEndpointProcess({ bin, network, directory, seed })
      return { control, envOf: () => ({ AWS_ENDPOINT_URL: endpointUrl(network) }) }
    },
    startKeepalived(node, options) {
      const peers = nodes.filter((other) => other !== node).map(network.addressOf)
      return startKeepalived({ namespace: network.namespaceOf(node), address: network.addressOf(node), peers }, options)
    },
    command: (node, command) => inNamespace(network.namespaceOf(node), command),
    setCut: (node, way, isCut) => setLoss(network, node, way, isCut),
    remove: async () => network.remove(),
  }
}

/** For example `keepalived v2.2.7`. @throws if it cannot be run */
function keepalivedVersion(): string {
  const text = execFileSync('/bin/sh', ['-c', 'keepalived --version 2>&1'], { encoding: 'utf8' })
  return (text.split('\n', 1)[0] ?? '').replace(/ \(.*/, '').replace(/^K/, 'k')
}

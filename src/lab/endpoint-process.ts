import { writeFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { urlHost } from './ec2/http.ts'
import type { Seed } from './ec2/seed/seed.ts'
import { type EndpointControl, endpointControl } from './endpoint-control.ts'
import { startLogged } from './logged-process.ts'
import { inNamespace, type Network } from './network.ts'

export const ENDPOINT_PORT = 4599

/** The URL for the nodes. */
export function endpointUrl({ cloudAddress }: Network): string {
  return `http://${urlHost(cloudAddress)}:${ENDPOINT_PORT}`
}

/**
 * Runs `bin` (vip-switch) as EC2 endpoint and instance metadata service in the cloud's namespace; it ends with the
 * network. The metadata service identifies nodes by source address, as a hypervisor does.
 * @throws an error with its output if it does not start
 */
export async function startEndpointProcess(options: {
  bin: string
  network: Network
  directory: string
  seed: Seed
}): Promise<EndpointControl> {
  const { bin, network, directory, seed } = options
  const seedPath = join(directory, 'seed.json')
  const socketPath = join(directory, 'ec2.sock')
  writeFileSync(seedPath, JSON.stringify(seed))
  // Everywhere: tests give the cloud further addresses.
  const host = isIPv6(network.cloudAddress) ? '::' : '0.0.0.0'
  const place = ['--host', host, '--port', String(ENDPOINT_PORT), '--socket', socketPath]
  const metadata = ['--metadata-host', network.metadataAddress, '--metadata-port', '80']
  const command = [process.execPath, bin, 'lab', 'ec2', ...place, ...metadata, '--seed', seedPath]
  const child = await startLogged(inNamespace(network.cloud, command), process.env)
  await child.line(/^metadata /)
  return endpointControl(socketPath)
}

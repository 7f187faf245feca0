/** Two nodes on loopback whose keepalived is simulated: needs no root, no namespaces and no keepalived. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ec2Endpoint, startEc2Endpoint } from '../ec2/server.ts'
import { endpointControl } from '../endpoint-control.ts'
import { hooksOf, keepalivedOf, pidFileIn } from '../keepalived.ts'
import { startLogged } from '../logged-process.ts'
import { type LabNode, nodes, type Scene } from '../scene.ts'
import type { Site } from '../site.ts'
import { startAdvertNetwork } from './advert-network.ts'
import { type Ec2Path, startEc2Path } from './ec2-path.ts'
import type { SimulatedKeepalivedSettings } from './keepalived-process.ts'

/**
 * @param bin the built program
 * @throws the listen error
 */
export async function simulatedSite(bin: string, scene: Scene): Promise<Site> {
  const adverts = await startAdvertNetwork()
  const paths = new Map<LabNode, Ec2Path>()
  let endpoint: Ec2Endpoint | undefined
  return {
    bin,
    keepalived: 'simulated keepalived',
    ec2: 'EC2 and an IMDS for each node, on loopback',
    cutting: 'the lab forwards none',
    async startEndpoint(directory, seed) {
      const socket = join(directory, 'ec2.sock')
      endpoint = await startEc2Endpoint({ seed, socket })
      const environments = new Map<LabNode, NodeJS.ProcessEnv>()
      for (const node of nodes) {
        const path = await startEc2Path(endpoint.url)
        paths.set(node, path)
        const metadata = await endpoint.startMetadata({ instanceId: scene.instanceIdOf(node) })
        environments.set(node, {
          AWS_ENDPOINT_URL: path.url,
          AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
        })
      }
      return { control: endpointControl(socket), envOf: (node) => environments.get(node) ?? {} }
    },
    async startKeepalived(node, options) {
      const { directory, instances, priority, advertInterval, fifo, hook } = options
      const { notify, rxLowerPri } = hooksOf(options)
      const settings: SimulatedKeepalivedSettings = {
        instances: Object.keys(instances),
        address: node.address,
        priority,
        interval: 1000 * advertInterval,
        pidFile: pidFileIn(directory),
        dataFile: join(directory, 'keepalived.data'),
        port: adverts.port,
        ...(fifo && { fifo }),
        ...(notify && { hook: [...notify] }),
        ...(rxLowerPri && { lowerPriorityHook: [...rxLowerPri] }),
      }
      const path = join(directory, 'simulated-keepalived.json')
      writeFileSync(path, JSON.stringify(settings))
      const env = { ...hook.env, TMPDIR: directory }
      return keepalivedOf(await startLogged([process.execPath, bin, 'lab', 'simulate-keepalived', path], env))
    },
    command: (_, command) => command,
    setCut(node, way, isCut) {
      if (way === 'adverts') adverts.setCut(node.address, isCut)
      else paths.get(node)?.setCut(isCut)
    },
    async remove() {
      adverts.close()
      for (const path of paths.values()) path.close()
      await endpoint?.close()
    },
  }
}

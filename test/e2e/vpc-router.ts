/** The VPC's router: what a client sends to a VIP goes where EC2's route tables say, for it is not only the API that must know. */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Region } from '../../src/lab/ec2/model.ts'
import type { EndpointControl } from '../../src/lab/endpoint-control.ts'
import { CLOUD_ADDRESS, inNamespace, type Network } from '../../src/lab/network.ts'

/** Of the kernel's own tables, those from here on stand for the route tables. */
const FIRST_TABLE = 100
const PAUSE_MS = 20

/** A router of IPv4, and nothing that would tell a host of a shorter way. */
const SETTINGS = ['ip_forward=1', 'conf/all/send_redirects=0', 'conf/br0/send_redirects=0']

/**
 * Has the cloud's namespace forward packets by the route tables of the endpoint: each by that of the subnet where it comes
 * from. Follows every change until it is stopped, which rejects with what went wrong meanwhile.
 */
export function startVpcRouter(
  network: Network,
  region: Region,
  control: EndpointControl,
): { stop: () => Promise<void> } {
  const set = SETTINGS.map((setting) => setting.replace(/(.*)=(.*)/, 'echo $2 > /proc/sys/net/ipv4/$1')).join('; ')
  const [command, ...values] = inNamespace(network.cloud, ['sh', '-ec', set])
  execFileSync(command, values)
  const ip = (line: string) => execFileSync('ip', ['-n', network.cloud, ...line.split(' ')])
  const numbers = new Map([...region.routeTables.keys()].map((id, index) => [id, FIRST_TABLE + index]))
  for (const { id, subnetIds } of region.routeTables.values()) {
    for (const subnetId of subnetIds) {
      ip(`rule add from ${region.subnets.get(subnetId)?.cidr} lookup ${numbers.get(id)}`)
    }
  }

  /** Where the kernel has each route, by `DESTINATION table NUMBER`. */
  const present = new Map<string, string>()
  async function follow(): Promise<void> {
    const wanted = new Map(
      (await control.routes()).map(({ table, destination, target, state }) => {
        const address = region.interfaces.get(target)?.addresses[0]
        return [
          `${destination} table ${numbers.get(table)}`,
          state === 'active' && address ? `via ${address}` : undefined,
        ] as const
      }),
    )
    for (const [route, via] of wanted) {
      if (present.get(route) === via) continue
      ip(via ? `route replace ${route} ${via}` : `route del ${route}`)
      if (via) present.set(route, via)
      else present.delete(route)
    }
  }

  const stopped = new AbortController()
  const running = (async () => {
    while (!stopped.signal.aborted) {
      await follow()
      await sleep(PAUSE_MS)
    }
  })()
  // It is awaited when the router is stopped.
  running.catch(() => {})
  return {
    stop() {
      stopped.abort()
      return running
    },
  }
}

/** What the router's table does not know goes out of a host by it. */
export function routeByVpc(namespace: string): void {
  execFileSync('ip', ['-n', namespace, 'route', 'add', 'default', 'via', CLOUD_ADDRESS])
}

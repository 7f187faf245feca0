/** Two machines with the package, in the lab's network, and a client of their VIP behind its router. */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { buildRegion } from '../../src/lab/ec2/seed/build.ts'
import { defaultSeed } from '../../src/lab/ec2/seed/default.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import type { EndpointControl } from '../../src/lab/endpoint-control.ts'
import { endpointUrl, startEndpointProcess } from '../../src/lab/endpoint-process.ts'
import { createNetwork, type Network } from '../../src/lab/network.ts'
import { poll } from '../../src/lab/poll.ts'
import { createRunDirectory } from '../../src/lab/run-directory.ts'
import { type LabNode, nodes, VIP } from '../../src/lab/scene.ts'
import { routeByVpc, startVpcRouter } from '../e2e/vpc-router.ts'
import { type Base, boot, type Container } from './container.ts'
import { ROOT } from './debs.ts'

/** In the first node's subnet. */
export const CLIENT = { name: 'client', address: '10.0.1.50' } as const

export type Pair = {
  readonly network: Network
  readonly control: EndpointControl
  readonly machines: readonly [Container, Container]
  /** Names of the nodes that the VIP's routes point to, each once. */
  owners(): Promise<string[]>
}

const DEADLINE_MS = 20_000
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

/** The lab's VPC as `init` finds it: no table has a VIP yet. */
function freshSeed(): Seed {
  const { lab } = defaultSeed.vpcs
  if (!lab) throw new Error('the default seed has no VPC named lab')
  const tables = Object.entries(lab.routeTables ?? {}).map(([name, table]) => [name, { ...table, routes: {} }])
  return { ...defaultSeed, vpcs: { lab: { ...lab, routeTables: Object.fromEntries(tables) } } }
}

/** Boots both, with nothing of ours on them but the archive. All of it is gone when the test ends. */
export async function bootPair(base: Base, deb: string): Promise<Pair> {
  const runDirectory = createRunDirectory()
  const network = createNetwork([...nodes, CLIENT])
  const started: Container[] = []
  let router: ReturnType<typeof startVpcRouter> | undefined
  onTestFinished(async () => {
    await router?.stop()
    for (const machine of started) await machine.stop()
    network.remove()
    runDirectory.remove()
  })
  const seed = freshSeed()
  const region = buildRegion(seed)
  const program = join(ROOT, 'bin/vip-switch')
  const control = await startEndpointProcess({ bin: program, network, directory: runDirectory.path, seed })
  for (const each of [...nodes, CLIENT]) routeByVpc(network.namespaceOf(each))
  router = startVpcRouter(network, region, control)

  async function machineOf(node: LabNode): Promise<Container> {
    const machine = await boot(base, network.namespaceOf(node), { AWS_ENDPOINT_URL: endpointUrl(network) })
    started.push(machine)
    const [own] = [...region.interfaces.values()].filter(({ addresses }) => addresses.includes(node.address))
    // The address by which EC2 knows the interface.
    await machine.run(`ip link set eth0 address ${own?.mac}`)
    await machine.run(`cat > ${basename(deb)}`, readFileSync(deb))
    return machine
  }
  const machines = await Promise.all([machineOf(nodes[0]), machineOf(nodes[1])] as const)
  const nameOf = (eni: string) => {
    const attached = region.interfaces.get(eni)?.attachment?.instanceId ?? ''
    return region.tags.get(attached)?.get('Name') ?? eni
  }
  return {
    network,
    control,
    machines,
    async owners() {
      const routes = (await control.routes()).filter(({ destination }) => destination === VIP)
      return [...new Set(routes.map(({ target }) => nameOf(target)))]
    },
  }
}

/** The five commands of the README, without `sudo` and what is said of them. */
function commandsOfReadme(): readonly string[] {
  const [, block = ''] = /Five commands on each node:\n\n((?: {4}.*\n)+)/.exec(README) ?? []
  return block
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replace(/^sudo /, '')
        .replace(/ +#.*$/, ''),
    )
}

/** Does on both nodes what the README says. @param archive the name of the package, in the home directory */
export async function setUp({ machines: [one, two] }: Pair, archive: string): Promise<void> {
  const [install = '', init = '', ...rest] = commandsOfReadme()
  const doctor = rest.pop()
  expect(doctor).toBe('vip-switch doctor')
  const answers = '--yes --cluster db --vip 10.99.0.10 --route-table role=private --peer db-2 --priority 150'
  for (const machine of [one, two]) await machine.run(install.replace(/\S+\.deb$/, `--yes ./${archive}`))
  await one.run(`${init} ${answers}`)
  await two.run('cat > config.yaml', await one.run('cat /etc/vip-switch/config.yaml'))
  await two.run(`${init} --join config.yaml --peer db-1`)
  for (const command of rest) for (const machine of [one, two]) await machine.run(command)
}

/** Waits until the doctor has nothing to say. */
export async function isWell(machine: Container): Promise<void> {
  const doctor = async () => {
    const { exitCode, stdout } = await machine.attempt('vip-switch doctor')
    return exitCode === 0 ? stdout : undefined
  }
  const said = await poll('the doctor finds all well', DEADLINE_MS, doctor)
  expect(said.split('\n').at(-1)).toMatch(/^\d+ ok$/)
}

/** One case: a cluster of its own, and what is to be seen of it from outside. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import { type Cluster, createCluster } from '../../src/lab/cluster.ts'
import { buildRegion } from '../../src/lab/ec2/seed/build.ts'
import { defaultSeed } from '../../src/lab/ec2/seed/default.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import type { EndpointRequest } from '../../src/lab/endpoint-control.ts'
import { elected } from '../../src/lab/keepalived.ts'
import { namespaceSite } from '../../src/lab/namespace-site.ts'
import { createNetwork, type Family, type Network } from '../../src/lab/network.ts'
import { poll } from '../../src/lab/poll.ts'
import { createRunDirectory } from '../../src/lab/run-directory.ts'
import { type LabNode, nodes, sceneOf, VRRP_INSTANCE } from '../../src/lab/scene.ts'
import { leftoversOf, processesWith } from './leftovers.ts'

export const bin = fileURLToPath(new URL('../../bin/vip-switch', import.meta.url))
export const [first, second] = nodes

/** For what never comes; everything that does is awaited by what is to be seen of it. */
const deadline = 15_000

/** The node that has each VIP in each table: `{ 'private-a 10.99.0.10/32': 'db-1' }`. */
export type Owners = Readonly<Record<string, string>>

export type CaseOptions = {
  /** The only one that nodes, EC2's endpoint, IMDS and keepalived speak. */
  family?: Family
  vips?: readonly string[]
  /** Names of route tables. */
  tables?: readonly string[]
  /** Who has the VIPs before a node is started. */
  at?: LabNode
  /** Whether the hook is called for MASTER_RX_LOWER_PRI, too. */
  withRxLowerPri?: boolean
  /** Whether there is a hook at all. */
  withHook?: boolean
  /** As in ClusterOptions. */
  daemons?: { readonly interval: string }
  /** Seconds. */
  advertInterval?: number
  /** Tables whose routes may not be changed. */
  denied?: readonly string[]
}

const exitSchema = z.object({ argv: z.array(z.string()), exitCode: z.number(), ms: z.number() })

/** How a hook ended; `event` as keepalived gave it, `ms` since the process started. */
export type HookExit = { event: string; exitCode: number; ms: number }

export type Case = {
  readonly cluster: Cluster
  readonly network: Network
  /** Where its files are. */
  readonly directory: string
  /** While this file exists, a node's priority is 100 less. */
  loweringFile(node: LabNode): string
  tableId(name: string): string
  /** Every VIP in every table at one node. */
  allAt(node: LabNode): Owners
  /** As EC2 has it now. */
  owners(): Promise<Owners>
  /** Starts both nodes, and waits until the first has the VIPs and no hook runs any more. */
  bothUp(): Promise<void>
  /**
   * Waits until the owners are these, by default every VIP at the node, and are so still when no hook runs any more.
   * Prints how long the node's hook took.
   */
  arrival(node: LabNode, owners?: Owners): Promise<void>
  /** Every request to point a route at a node, whatever was answered. */
  writes(node: LabNode): Promise<EndpointRequest[]>
  /** Of a node's hooks, in the order in which they ended. A killed one is not among them. */
  exits(node: LabNode): HookExit[]
}

/** Raises a cluster whose nodes are yet to be started. After the test it is removed, and nothing may be left of it. */
export async function raise(options: CaseOptions = {}): Promise<Case> {
  const {
    family = 'ipv4',
    vips = [family === 'ipv4' ? '10.99.0.10/32' : '2001:db8:99::10/128'],
    tables = ['private-a', 'private-c'],
    at = first,
    withHook = true,
    withRxLowerPri = withHook,
    daemons,
    advertInterval = 0.2,
    denied = [],
  } = options
  const seed = seedOf(family, vips, tables, at, denied)
  const region = buildRegion(seed)
  const scene = sceneOf(region)
  const tableNames = new Map([...region.routeTables.keys()].map((id) => [id, region.tags.get(id)?.get('Name') ?? id]))
  const tableId = (name: string) => [...tableNames].find((entry) => entry[1] === name)?.[0] ?? name

  const runDirectory = createRunDirectory()
  const directory = runDirectory.path
  const loweringFile = (node: LabNode) => join(directory, node.name, 'lowered')
  const network = createNetwork(nodes, family)
  const cluster = await createCluster({
    site: namespaceSite(bin, network),
    directory,
    seed,
    region: region.name,
    instances: { [VRRP_INSTANCE]: { vips, routeTables: tables.map(tableId) } },
    advertInterval,
    withHook,
    withRxLowerPri,
    ...(daemons && { daemons }),
    env: {
      NODE_OPTIONS: `--require ${join(import.meta.dirname, 'record-exit.cjs')}`,
      RECORD_EXITS: join(directory, 'exits'),
    },
    lowered: (node) => ({ by: 100, whileExists: loweringFile(node) }),
  })
  const name = expect.getState().currentTestName
  const reported = new Map<LabNode, number>()
  onTestFinished(async ({ task }) => {
    if (task.result?.state === 'fail') process.stdout.write(`\n${name}\n${cluster.logs()}\n`)
    await cluster.close()
    runDirectory.remove()
    expect(leftoversOf(process.pid)).toEqual([])
  })

  async function owners(): Promise<Owners> {
    const routes = (await cluster.control.routes()).filter(({ destination }) => vips.includes(destination))
    return Object.fromEntries(
      routes.map(({ table, destination, target, state }) => [
        `${tableNames.get(table)} ${destination}`,
        `${scene.nameOf(target)}${state === 'active' ? '' : ` (${state})`}`,
      ]),
    )
  }
  const allAt = (node: LabNode) =>
    Object.fromEntries(tables.flatMap((table) => vips.map((vip) => [`${table} ${vip}`, node.name])))

  async function arrival(node: LabNode, expected: Owners = allAt(node)): Promise<void> {
    await expect.poll(owners, { timeout: deadline, interval: 20 }).toEqual(expected)
    await poll('no hook runs', deadline, () => processesWith(directory, 'notify').length === 0 || undefined)
    expect(await owners()).toEqual(expected)
    for (const { msg, ms } of cluster.hookOf(node).log().slice(reported.get(node))) {
      if (msg.startsWith('routes') && msg.endsWith('accepted'))
        process.stdout.write(`  ${name}: ${node.name}, notify → ${msg} ${ms} ms\n`)
    }
    reported.set(node, cluster.hookOf(node).log().length)
  }

  const exits = (node: LabNode): HookExit[] =>
    exitsIn(join(directory, 'exits'))
      .filter(({ argv }) => argv.includes(join(directory, node.name, 'vip-switch.yaml')))
      .map(({ argv, exitCode, ms }) => ({ event: eventOf(argv), exitCode, ms }))

  return {
    cluster,
    network,
    directory,
    loweringFile,
    tableId,
    allAt,
    owners,
    arrival,
    async bothUp() {
      const [keepalived] = await Promise.all([cluster.start(first), cluster.start(second)])
      await elected(keepalived, VRRP_INSTANCE)
      // The routes may be at the first already: that they are says nothing of its hook.
      const isMasters = ({ event }: HookExit) => / MASTER \d/.test(event)
      const ended = () => exits(first).some(isMasters) || undefined
      if (withHook) await poll('the hook of the first has ended', deadline, ended)
      await arrival(first)
    },
    async writes(node) {
      return (await cluster.control.requests()).filter(
        ({ action, params }) =>
          /^(Replace|Create)Route$/.test(action) && params.NetworkInterfaceId === scene.eniOf(node),
      )
    },
    exits,
  }
}

/** The event in a hook's arguments, without its type. */
function eventOf(argv: readonly string[]): string {
  return argv.slice(argv.indexOf('INSTANCE') + 1).join(' ')
}

function exitsIn(path: string) {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => exitSchema.parse(JSON.parse(line)))
}

/** The lab's VPC, with these routes alone. */
function seedOf(
  family: Family,
  vips: readonly string[],
  tables: readonly string[],
  at: LabNode,
  denied: readonly string[],
): Seed {
  const lab = family === 'ipv4' ? defaultSeed.vpcs.lab : withoutIpv4(defaultSeed.vpcs.lab)
  if (!lab) throw new Error('the default seed has no VPC named lab')
  const routes = Object.fromEntries(vips.map((vip) => [vip, at.name]))
  const tableOf = (name: string) => ({ ...lab.routeTables?.[name], routes })
  return {
    ...defaultSeed,
    vpcs: { lab: { ...lab, routeTables: Object.fromEntries(tables.map((table) => [table, tableOf(table)])) } },
    deny: denied.flatMap((resource) => ['ReplaceRoute', 'CreateRoute'].map((action) => ({ action, resource }))),
  }
}

type VpcSeed = Seed['vpcs'][string]

/** The VPC with IPv6-only subnets. Its own IPv4 CIDR stays, since every VPC has one. */
function withoutIpv4(vpc: VpcSeed | undefined): VpcSeed | undefined {
  const subnets = Object.entries(vpc?.subnets ?? {}).map(([name, { cidr: _, ...subnet }]) => [name, subnet])
  const instances = nodes.map(({ name, ipv6 }) => {
    const only = { addresses: [], ipv6: [ipv6], sourceDestCheck: false, securityGroups: ['db'] }
    return [name, { interfaces: [only] }]
  })
  return vpc && { ...vpc, subnets: Object.fromEntries(subnets), instances: Object.fromEntries(instances) }
}

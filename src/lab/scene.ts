/** The lab's cast: two nodes, in the VPC of the endpoint's default seed. */
import type { Region } from './ec2/model.ts'
import { buildRegion } from './ec2/seed/build.ts'
import { defaultSeed } from './ec2/seed/default.ts'
import type { InstanceRoutes } from './hook.ts'

export type LabNode = {
  /** The instance's Name tag. */
  readonly name: string
  readonly address: string
  readonly ipv6: string
  readonly priority: number
}

export const seed = defaultSeed
export const VIP = '10.99.0.10/32'
export const VRRP_INSTANCE = 'VI_1'
export const nodes: readonly [LabNode, LabNode] = [
  { name: 'db-1', address: '10.0.1.11', ipv6: '2001:db8:10:1::11', priority: 150 },
  { name: 'db-2', address: '10.0.2.12', ipv6: '2001:db8:10:2::12', priority: 100 },
]

/** EC2's ids of the nodes, and of the tables with the VIP. */
export type Scene = {
  readonly region: string
  /** Ids of the route tables with a route for the VIP, by Name tag. */
  readonly tables: ReadonlyMap<string, string>
  /** The node's network interface. */
  eniOf(node: LabNode): string
  instanceIdOf(node: LabNode): string
  /** Name of the node that owns the interface. */
  nameOf(eni: string): string
}

/** The routes of the VRRP instance: the VIP in every table that has it. */
export function instancesOf(scene: Scene): Readonly<Record<string, InstanceRoutes>> {
  return { [VRRP_INSTANCE]: { vips: [VIP], routeTables: [...scene.tables.values()] } }
}

/** Names of the tables with the VIP. */
export function tableNames({ tables }: Scene): string {
  return [...tables.keys()].join(', ')
}

/** Replaces ids in vip-switch's output, and ids beside names, with names alone. */
export function inNames(text: string, scene: Scene): string {
  const tables = new Map([...scene.tables].map(([name, id]) => [id, name]))
  const named = [...tables].reduce((rest, [id, name]) => rest.replaceAll(`${id} ${name}`, name), text)
  return named
    .replaceAll(/[\w-]+ \((eni-[0-9a-f]+)\)/g, '$1')
    .replaceAll(/\b(?:eni|rtb)-[0-9a-f]+/g, (id) => tables.get(id) ?? scene.nameOf(id))
}

/** Ids derive from the seed's names alone, so they are known before an endpoint runs. */
export function sceneOf(region: Region = buildRegion(seed)): Scene {
  const interfaceOf = (node: LabNode) => {
    const found = [...region.interfaces.values()].find(({ ipv6Addresses }) => ipv6Addresses.includes(node.ipv6))
    if (!found?.attachment) throw new Error(`the seed has no instance with the address ${node.ipv6}`)
    return { eni: found.id, instanceId: found.attachment.instanceId }
  }
  const withVip = [...region.routeTables.values()].filter(({ routes }) =>
    routes.some(({ destination }) => destination.value === VIP),
  )
  return {
    region: region.name,
    tables: new Map(withVip.map(({ id }) => [region.tags.get(id)?.get('Name') ?? id, id])),
    eniOf: (node) => interfaceOf(node).eni,
    instanceIdOf: (node) => interfaceOf(node).instanceId,
    nameOf: (eni) => nodes.find((node) => interfaceOf(node).eni === eni)?.name ?? eni,
  }
}

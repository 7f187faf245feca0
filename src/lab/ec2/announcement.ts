/** What `vip-switch lab ec2` prints: where it listens, what to do next, and what there is. */
import { table } from '../../terminal/table.ts'
import { programName } from '../program-name.ts'
import { type Region, type Route, tagsOf } from './model.ts'
import type { Ec2Endpoint } from './server.ts'

/**
 * @param metadataUrl where instance metadata is served, if it is
 * @param socket the Unix socket, if there is one
 */
export function announcement(
  { url, listeningUrl, region }: Ec2Endpoint,
  metadataUrl: string | undefined,
  socket: string | undefined,
): string {
  const where = [
    ['endpoint', listeningUrl],
    ...(socket === undefined ? [] : [['socket', socket]]),
    ...(metadataUrl === undefined ? [] : [['metadata', metadataUrl]]),
  ]
  const exports = `export AWS_ENDPOINT_URL=${url} AWS_REGION=${region.name} AWS_DEFAULT_REGION=${region.name} AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab`
  const next = [
    'Next: run this export in another terminal, and then',
    ...commandsFor(region).map((line) => `  ${line}`),
  ]
  return `${[table(where), exports, next.join('\n'), table(resourcesOf(region))].join('\n\n')}\n`
}

/** Commands to try: they need no config, and move the first VIP to a node that does not have it. */
function commandsFor(region: Region): string[] {
  const program = programName()
  const move = moveOf(region)
  return [`${program} list`, ...(move ? [`${program} switch ${move}`] : [])]
}

/** The arguments that move a VIP's routes to another node, if the region has both. */
function moveOf(region: Region): string | undefined {
  const tables = [...region.routeTables.values()]
  for (const { vpcId, routes } of tables) {
    for (const route of routes.filter(({ target }) => target.field === 'networkInterfaceId')) {
      const node = otherNode(region, vpcId, route)
      if (node === undefined) continue
      const vip = route.destination.value
      const holders = tables.filter((each) => each.vpcId === vpcId && each.routes.some((other) => isSame(other, route)))
      const flags = holders.map(({ id }) => `-r ${nameOf(region, id)}`)
      return [...flags, `-v ${nameOf(region, vip)}`, `--to ${nameOf(region, node)}`].join(' ')
    }
  }
  return undefined
}

/** A running instance in the VPC that the route does not lead to. */
function otherNode(region: Region, vpcId: string, { target }: Route): string | undefined {
  const has = region.interfaces.get(target.id)?.attachment?.instanceId
  const ids = [...region.interfaces.values()].map((each) => each.vpcId === vpcId && each.attachment?.instanceId)
  return ids.find((id) => id && id !== has && region.instances.get(id)?.state === 'running') || undefined
}

const isSame = (one: Route, other: Route) =>
  one.destination.value === other.destination.value && one.target.id === other.target.id

/** The Name tag where it is unique and a shell takes it as it is, else the id. */
function nameOf(region: Region, id: string): string {
  const name = tagsOf(region, id).get('Name')
  const kind = id.slice(0, id.indexOf('-') + 1)
  const count = [...region.tags].filter(([other, tags]) => other.startsWith(kind) && tags.get('Name') === name).length
  return name !== undefined && count === 1 && /^[\w.-]+$/.test(name) ? name : id
}

/** The ids a user needs. */
function resourcesOf(region: Region): string[][] {
  const named = (id: string) => tagsOf(region, id).get('Name') ?? '-'
  return [
    ...[...region.vpcs.keys()].map((id) => ['vpc', id, named(id)]),
    ...[...region.routeTables.keys()].map((id) => ['route table', id, named(id)]),
    ...[...region.instances.values()].map(({ id, state }) => ['instance', id, named(id), state]),
    ...[...region.interfaces.values()].map(({ id, addresses, attachment }) => [
      'interface',
      id,
      named(attachment?.instanceId ?? ''),
      addresses.join(' '),
    ]),
    ...[...region.prefixLists.keys()].map((id) => ['prefix list', id, named(id)]),
  ]
}

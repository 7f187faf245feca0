/**
 * Checks whether a node reaches EC2 over a route that we manage, as may happen if the VIP is a default route (HA NAT):
 * with the master dead, the other node could not reach EC2 to move the route.
 */
import { lookup } from 'node:dns/promises'
import { tableOfSubnet, type VpcTable } from '../../../adapters/ec2/operations/vpc.ts'
import type { Destination as Endpoint, ProxyFor } from '../../../adapters/ec2/transport/proxy.ts'
import { type CommandLine, ec2Command } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { routeTo } from '../../../core/longest-prefix-match.ts'
import { endpointService } from '../../../core/partition.ts'
import { type Route, routeText } from '../../../core/route.ts'
import { contains, type Destination, destinationText, parseDestination, sameDestination } from '../../../core/vip.ts'
import { Failure } from '../../../platform/errors.ts'
import { type Cluster, isLive, type Member } from './cluster.ts'
import { type Fact, finding, learn } from './fact.ts'
import { type Managed, tableText } from './tables.ts'

/** What this host connects to for EC2, as it resolves it: EC2's endpoint, or the proxy in between. */
export type Api = {
  /** For people. */
  readonly name: string
  readonly addresses: readonly Destination[]
  readonly isProxy: boolean
}

export function resolveApi(endpoint: Endpoint | undefined, proxyFor: ProxyFor): Promise<Fact<Api>> {
  return learn(async () => {
    if (endpoint === undefined) throw new Failure('failed', 'no request was sent to EC2')
    const proxy = proxyFor(endpoint)
    const found = await lookup((proxy ?? endpoint).host, { all: true })
    const addresses = found.map(({ address }) => parseDestination(address))
    return { name: proxy ? `the proxy ${proxy.text}` : endpoint.host, addresses, isProxy: proxy !== undefined }
  })
}

type PathContext = {
  /** Every route table of the VPC. */
  readonly all: readonly VpcTable[]
  readonly managed: readonly Managed[]
  readonly api: Api
  readonly region: string
  /** Whether names resolve as in the VPC, where an endpoint may give EC2 a VPC address. */
  readonly isNode: boolean
}

export function judgeApiPath({ members }: Pick<Cluster, 'members'>, context: PathContext): readonly Finding[] {
  const live = members.filter(isLive)
  if (live.length === 0) return [finding('api-path', 'skipped', 'no nodes are known')]
  if (context.api.addresses.some(isLoopback) && !live.some((member) => managedPath(member, context)))
    return [finding('api-path', 'ok', `${context.api.name} is this host itself`)]
  const judged = live.map((member) => pathFinding(member, context))
  const good = judged.filter(({ verdict }) => verdict === 'ok')
  const problems = judged.filter(({ verdict }) => verdict !== 'ok')
  if (problems.length > 0) return problems
  return [finding('api-path', 'ok', good.map(({ subject, found }) => `${subject} ${found}`).join(', '))]
}

const withWay = (text: string, { isProxy, name }: Api) => (isProxy ? `through ${name}, ${text}` : text)

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(parseDestination)
const isLoopback = (address: Destination) => LOOPBACK.some((range) => contains(range, address))

function pathFinding(member: Member, context: PathContext): Finding {
  const { all, api, isNode } = context
  const { label: subject, nic } = member
  const table = tableOfSubnet(all, nic.subnet, nic.vpc)
  if (!table) return finding('api-path', 'unknown', `the route table of ${nic.subnet} could not be read`, { subject })
  const managed = managedPath(member, context)
  if (managed) {
    const text = destinationText(managed.destination)
    const found = `${api.name} is reached over ${text} in ${tableText(table)}, which vip-switch moves: with the target node dead, no node could move it`
    return isNode
      ? finding('api-path', 'fail', found, { subject, mend: { command: endpointCommand(member, context) } })
      : finding('api-path', 'warn', `${found}, unless the VPC has an endpoint for EC2`, { subject })
  }
  const reachable = inFamilyOf(member, api)
  if (reachable.length === 0) {
    const [theirs, own] = nic.addresses.some((each) => !each.includes(':')) ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4']
    const found = `${api.name} has no ${theirs} address, and the node no ${own} address`
    return finding('api-path', 'fail', found, { subject, ...(own === 'IPv4' && { mend: { advice: DUAL_STACK } }) })
  }
  const routes = reachable.map((address) => routeTo(table, address))
  const broken = routes.find((route) => route && route.state !== 'active')
  if (broken)
    return finding('api-path', 'fail', `${api.name} is behind a route that is ${broken.state}, ${textOf(broken)}`, {
      subject,
    })
  const [first] = routes.filter((route) => route !== undefined)
  if (first) return finding('api-path', 'ok', withWay(`over ${textOf(first)}`, api), { subject })
  return finding('api-path', 'warn', `${tableText(table)} has no route to ${api.name}`, {
    subject,
    mend: { command: endpointCommand(member, context) },
  })
}

const DUAL_STACK = 'set AWS_USE_DUALSTACK_ENDPOINT=true for vip-switch, or let DNS64 and NAT64 lead to IPv4'

/** EC2's addresses that the node can send to: of a family in which it has an address itself. */
function inFamilyOf({ nic }: Member, { addresses }: Api): Destination[] {
  const kinds = nic.addresses.map((address): Destination['kind'] => (address.includes(':') ? 'ipv6' : 'ipv4'))
  return addresses.filter(({ kind }) => kinds.includes(kind))
}

/** The managed route over which the node reaches EC2, if any. */
function managedPath({ nic }: Member, { all, managed, api }: PathContext): Route | undefined {
  const table = tableOfSubnet(all, nic.subnet, nic.vpc)
  if (!table) return undefined
  const vips = managed.flatMap(({ tables, config }) => (tables.some(({ id }) => id === table.id) ? config.vips : []))
  return api.addresses
    .map((address) => routeTo(table, address))
    .find((route) => route && vips.some((vip) => sameDestination(vip, route.destination)))
}

function textOf(route: Route): string {
  return `${destinationText(route.destination)} → ${routeText(route)}`
}

function endpointCommand({ nic }: Member, { region }: PathContext): CommandLine {
  const kind = ['--vpc-endpoint-type', 'Interface', '--private-dns-enabled']
  const service = ['--service-name', endpointService(region)]
  const place = ['--vpc-id', nic.vpc, ...service, '--subnet-ids', nic.subnet]
  return ec2Command(['create-vpc-endpoint', ...kind, ...place], region)
}

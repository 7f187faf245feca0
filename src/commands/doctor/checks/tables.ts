/** Checks the route tables of a VRRP instance: whether they exist, whom they serve, and where their routes point. */

import { type Subnet, tableOfSubnet, type VpcTable } from '../../../adapters/ec2/operations/vpc.ts'
import type { InstanceConfig } from '../../../config/schema.ts'
import { literally, vipSwitch } from '../../../core/command-line.ts'
import type { Finding, Mend } from '../../../core/finding.ts'
import { findRoute, localRanges, type RouteTable, rangeRefusal, refusalOf, routeText } from '../../../core/route.ts'
import type { Target } from '../../../core/route-target.ts'
import { contains, type Destination, destinationText, isHost, sameDestination } from '../../../core/vip.ts'
import { isLive, type Member } from './cluster.ts'
import { type Fact, finding } from './fact.ts'

/** A VRRP instance of the config, and the tables it selects. */
export type Managed = {
  readonly name: string
  readonly config: InstanceConfig
  readonly tables: readonly RouteTable[]
  /** Why selectors match no table or are ambiguous. */
  readonly problems: readonly string[]
}

/** Whether the selectors match tables in the nodes' VPC. */
export function judgeTables(
  { name: subject, tables, problems: unselected }: Managed,
  members: readonly Member[],
): readonly Finding[] {
  const missing = unselected.map((found) =>
    finding('tables', 'fail', found, { subject, mend: { command: literally('vip-switch list') } }),
  )
  const vpcs = new Set(members.map(({ nic }) => nic.vpc))
  const elsewhere = vpcs.size === 0 ? [] : tables.filter(({ vpc }) => !vpcs.has(vpc))
  const outside = elsewhere.map((table) => {
    const found = `${tableText(table)} is in ${table.vpc}, but the nodes are in ${[...vpcs].join(', ')}: EC2 accepts no such route`
    return finding('tables', 'fail', found, { subject, mend: { advice: 'remove it from routeTables in the config' } })
  })
  const problems = [...missing, ...outside]
  return problems.length > 0 ? problems : [finding('tables', 'ok', tables.map(tableText).join(', '), { subject })]
}

/**
 * Whether EC2 accepts a route to each VIP: within the VPC, only if it is a whole subnet.
 * @param subnets of the tables' VPCs
 */
export function judgeVipRange(
  { name: subject, config, tables }: Managed,
  subnets: Fact<readonly Subnet[]>,
): readonly Finding[] {
  if (tables.length === 0) return [finding('vip-range', 'skipped', 'no route tables are known', { subject })]
  const ranges = localRanges(tables)
  const findings = config.vips.map((vip) => vipFinding(vip, ranges, subnets, subject))
  const problems = findings.filter(({ verdict }) => verdict !== 'ok')
  if (problems.length > 0) return problems
  return [finding('vip-range', 'ok', findings.map(({ found }) => found).join(', '), { subject })]
}

function vipFinding(
  vip: Destination,
  ranges: readonly Destination[],
  subnets: Fact<readonly Subnet[]>,
  subject: string,
): Finding {
  const text = destinationText(vip)
  if (vip.kind === 'prefix-list')
    return finding('vip-range', 'skipped', `the entries of ${text} are not checked`, { subject })
  const range = ranges.find((each) => contains(each, vip))
  if (!range) {
    const family = ranges.filter(({ kind }) => kind === vip.kind).map(destinationText)
    return finding('vip-range', 'ok', `${text} is outside ${family.join(', ')}`, { subject })
  }
  const inside = `${text} is inside the VPC’s own ${destinationText(range)}`
  if (!isHost(vip)) {
    if (!subnets.known)
      return finding('vip-range', 'unknown', `${inside}; cannot tell whether it is a subnet: ${subnets.why}`, {
        subject,
      })
    const isSubnet = subnets.value.some(({ cidrs }) => cidrs.some((cidr) => sameDestination(cidr, vip)))
    if (isSubnet) return finding('vip-range', 'ok', `${text} is a whole subnet`, { subject })
  }
  return finding('vip-range', 'fail', `${inside}, where EC2 accepts no such route`, {
    subject,
    mend: { advice: 'choose a VIP outside every CIDR of the VPC' },
  })
}

/** Whether each route is ours to write, and all point to the same node. */
export function judgeRoutes(
  { name: subject, config, tables }: Managed,
  members: readonly Member[],
): readonly Finding[] {
  if (tables.length === 0) return [finding('routes', 'skipped', 'no route tables are known', { subject })]
  const ranges = localRanges(tables)
  // The VIP range check reports the others.
  const vips = config.vips.filter((vip) => rangeRefusal(vip, ranges) === undefined)
  if (vips.length === 0) return [finding('routes', 'skipped', 'no VIP can have a route', { subject })]
  const routes = tables.flatMap((table) =>
    vips.map((vip) => standingIn(table, vip, config, members, moveCommand(subject))),
  )
  const of = (standing: string) =>
    routes
      .filter((route) => route.standing === standing)
      .map(({ what }) => what)
      .join(', ')
  const standings = [...new Map(routes.map((route) => [route.standing, route])).values()]
  const problems = standings.flatMap(({ standing, problem }) => {
    if (!problem) return []
    const [verdict, mend] = problem
    return [finding('routes', verdict, `${of(standing)} ${standing}`, { subject, mend })]
  })
  if (problems.length > 0) return problems
  const told = standings.map(({ standing }) => `${of(standing)} ${standing}`)
  if (standings.length === 1)
    return [finding('routes', 'ok', `${routes.length} ${standings[0]?.standing}`, { subject })]
  return [finding('routes', 'warn', `not all at one node: ${told.join('; ')}`, { subject, mend: moveCommand(subject) })]
}

const moveCommand = (name: string): Mend => ({ command: vipSwitch('switch', name, '--to', 'NODE') })

type RouteStanding = {
  /** The VIP and its table. */
  readonly what: string
  readonly standing: string
  readonly problem?: readonly ['warn' | 'fail', Mend?]
}

function standingIn(
  table: RouteTable,
  vip: Destination,
  config: InstanceConfig,
  members: readonly Member[],
  move: Mend,
): RouteStanding {
  const what = `${destinationText(vip)} in ${tableText(table)}`
  const reason = refusalOf(table, vip, config)
  if (reason) return { what, standing: `is refused: ${reason}`, problem: ['fail'] }
  const route = findRoute(table, vip)
  if (!route) return { what, standing: 'missing; it will be created' }
  const target = `points to ${routeText(route)}`
  if (route.state !== 'active') {
    return { what, standing: `${target}: traffic is lost`, problem: ['warn', move] }
  }
  const node = nodeAt(route.target, members)
  if (node !== undefined) return { what, standing: `at ${node}` }
  return {
    what,
    standing: `${target}, which belongs to no known node`,
    problem: ['warn', { command: literally('vip-switch list') }],
  }
}

/** The node that a route points to, if known. */
function nodeAt(target: Target, members: readonly Member[]): string | undefined {
  const at = members.find(
    ({ nic }) =>
      (target.kind === 'eni' && target.eni === nic.eni) ||
      (target.kind === 'instance' && target.instance === nic.instance),
  )
  return at?.label
}

/**
 * Whether hosts in the nodes' subnets, and in those without their own table, can reach the VIP.
 * @param all every table in the VPCs
 */
export function judgeCoverage(
  { name: subject, tables, config }: Managed,
  members: readonly Member[],
  all: readonly VpcTable[],
  subnets: readonly Subnet[],
): readonly Finding[] {
  if (tables.length === 0) return [finding('coverage', 'skipped', 'no route tables are known', { subject })]
  const isManaged = (table: VpcTable) => tables.some(({ id }) => id === table.id)
  const vpcs = new Set(tables.map(({ vpc }) => vpc))
  const users = new Map<VpcTable, string[]>()
  for (const { id, name, vpc } of subnets) {
    const table = vpcs.has(vpc) ? tableOfSubnet(all, id, vpc) : undefined
    if (table) users.set(table, [...(users.get(table) ?? []), name ? `${id} (${name})` : id])
  }
  const ofMembers = new Set(members.filter(isLive).map(({ nic }) => tableOfSubnet(all, nic.subnet, nic.vpc)))
  const forgotten = [...users].filter(([table]) => !isManaged(table) && (table.isMain || ofMembers.has(table)))
  const vips = config.vips.map(destinationText).join(', ')
  if (forgotten.length > 0) {
    return forgotten.map(([table, served]) => {
      const what = `${tableText(table)}${table.isMain ? ', the main table,' : ''} serves ${served.join(', ')}`
      return finding('coverage', 'warn', `${what}, but has no route to ${vips}: hosts there cannot reach it`, {
        subject,
        mend: { advice: `add ${table.id} to routeTables of ${subject} in the config` },
      })
    })
  }
  const others = [...users].filter(([table]) => !isManaged(table)).map(([table]) => tableText(table))
  const rest = others.length > 0 ? `; those using ${others.join(', ')} cannot` : ''
  return [
    finding('coverage', 'ok', `the nodes’ subnets, and all without their own table, can reach ${vips}${rest}`, {
      subject,
    }),
  ]
}

export function tableText({ id, name }: Pick<RouteTable, 'id' | 'name'>): string {
  return name ? `${id} (${name})` : id
}

/** Checks the pair as EC2 sees it: its nodes, their security groups, its route tables and the subnets these serve. */

import type { Ec2 } from '../../../adapters/ec2/client.ts'
import { problemsOf, readTables, selectTables } from '../../../adapters/ec2/operations/tables.ts'
import { readSubnets, readVpcTables } from '../../../adapters/ec2/operations/vpc.ts'
import type { Destination } from '../../../adapters/ec2/transport/proxy.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import type { Config } from '../../../config/schema.ts'
import type { Finding } from '../../../core/finding.ts'
import type { EniId } from '../../../core/ids.ts'
import type { RouteTable } from '../../../core/route.ts'
import { judgeApiPath, resolveApi } from './api-path.ts'
import { type Cluster, isLive, type Member } from './cluster.ts'
import { judgeClock } from './credentials.ts'
import { both, type Fact, given, ifKnown, known, learnFromEc2, unknown } from './fact.ts'
import { judgeMembers, judgeMetadata, judgeSourceDestChecks, judgeZones } from './members.ts'
import { judgeAcls, readAclsOf } from './network-acls.ts'
import { askPermissions, judgePermissions } from './permissions.ts'
import { judgeProtocol, readGroupsOf } from './security-groups.ts'
import { judgeSplitBrain } from './split-brain.ts'
import { judgeCoverage, judgeRoutes, judgeTables, judgeVipRange, type Managed } from './tables.ts'

export type Network = {
  readonly cluster: Fact<Cluster>
  /** This node's interface; undefined if this machine is not a node. */
  readonly ownEni: Fact<EniId> | undefined
  readonly managed: Fact<readonly Managed[]>
}

/** Reads the tables that the selectors of these VRRP instances match, in any VPC. */
export function readMatched(
  ec2: Ec2,
  { instances }: Config,
  names: readonly string[],
  context: CallContext,
): Promise<Fact<readonly RouteTable[]>> {
  const selectors = names.flatMap((name) => instances[name]?.routeTables ?? [])
  return learnFromEc2((signal) => readTables(ec2, selectors, signal), context)
}

/** The tables that each VRRP instance selects: names and tags are meant in the VPC of the nodes. */
export function managedIn(
  matched: Fact<readonly RouteTable[]>,
  { instances, vpc: configured }: Config,
  names: readonly string[],
  cluster: Fact<Cluster>,
): Fact<readonly Managed[]> {
  if (!matched.known) return matched
  const vpc = configured ?? vpcOf(ifKnown(cluster)?.members ?? [])
  return known(
    names.flatMap((name) => {
      const config = instances[name]
      if (!config) return []
      const problems = problemsOf(matched.value, config.routeTables, vpc)
      const isAny = problems.length < config.routeTables.length
      return [
        { name, config, problems, tables: isAny ? selectTables(matched.value, config.routeTables, vpc).tables : [] },
      ]
    }),
  )
}

/** The VPC of this node, or else of all nodes; undefined if they differ. */
function vpcOf(members: readonly Member[]): string | undefined {
  const self = members.find(({ isSelf }) => isSelf)
  const vpcs = new Set((self ? [self] : members).map(({ nic }) => nic.vpc))
  const [vpc] = vpcs
  return vpcs.size === 1 ? vpc : undefined
}

/** All checks based on EC2. @param endpoint where EC2 calls go to */
export async function examineNetwork(
  ec2: Ec2,
  config: Config,
  names: readonly string[],
  { cluster, ownEni, managed }: Network,
  endpoint: () => Destination | undefined,
  context: CallContext,
): Promise<readonly Finding[]> {
  const isNode = ownEni !== undefined
  const members = ifKnown(cluster)?.members ?? []
  const instances = ifKnown(managed) ?? []
  const vpcs = [
    ...new Set([...instances.flatMap(({ tables }) => tables), ...members.map(({ nic }) => nic)].map(({ vpc }) => vpc)),
  ]
  const eni = ownEni?.known ? ownEni.value : members.find(isLive)?.nic.eni
  const none = unknown('no route tables or nodes are known')
  const [groups, acls, tables, subnets, answers, api] = await Promise.all([
    cluster.known ? readGroupsOf(ec2, cluster.value, context) : cluster,
    cluster.known ? readAclsOf(ec2, cluster.value, context) : cluster,
    vpcs.length > 0 ? learnFromEc2((signal) => readVpcTables(ec2, vpcs, signal), context) : none,
    vpcs.length > 0 ? learnFromEc2((signal) => readSubnets(ec2, vpcs, signal), context) : none,
    askPermissions(ec2, config, instances, eni, context),
    // Elsewhere, the environment is not that of the nodes.
    resolveApi(endpoint(), isNode ? ec2.connections.proxyFor : () => undefined),
  ])
  const ofCluster = (check: Finding['check'], judge: (value: Cluster) => readonly Finding[]) =>
    given(check, undefined, cluster, judge)
  const ofEach = (check: Finding['check'], judge: (each: Managed) => readonly Finding[]) =>
    given(check, undefined, managed, (all) => all.flatMap(judge))
  const region = ec2.region
  return [
    ...judgePermissions(answers, isNode),
    ...ofCluster('clock', ({ clockAheadMs }) => judgeClock(clockAheadMs)),
    ...ofCluster('members', (value) => judgeMembers(value, config, ownEni)),
    ...ofCluster('zones', judgeZones),
    ...ofCluster('source-dest-check', judgeSourceDestChecks),
    ...ofCluster('imds', judgeMetadata),
    ...ofCluster('split-brain', (value) => judgeSplitBrain(value, names)),
    ...given('protocol-112', undefined, both(cluster, groups), ([value, all]) => judgeProtocol(value, all)),
    ...given('network-acls', undefined, both(cluster, acls), ([value, all]) => judgeAcls(value, all)),
    ...given('api-path', undefined, both(both(cluster, managed), both(tables, api)), ([[value, each], [all, found]]) =>
      judgeApiPath(value, { all, managed: each, api: found, region, isNode }),
    ),
    ...ofEach('tables', (each) => judgeTables(each, members)),
    ...ofEach('vip-range', (each) => judgeVipRange(each, subnets)),
    ...ofEach('routes', (each) => judgeRoutes(each, members)),
    ...ofEach('coverage', (each) =>
      given('coverage', each.name, both(tables, subnets), ([all, some]) => judgeCoverage(each, members, all, some)),
    ),
  ]
}

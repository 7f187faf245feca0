import type { Region } from '../model.ts'
import { flag, items, type Xml } from '../protocol.ts'
import { kindOf } from '../resources.ts'
import type { Action, Call } from './action.ts'
import { instanceStatusView, interfaceView, reservationView } from './instance-views.ts'
import * as listings from './listings.ts'
import { type Listing, select } from './query.ts'
import { networkAclView, routeTableView, securityGroupView, subnetView, vpcView } from './views.ts'

/** The response of a Describe call: its list under `set`, and the next page's token. */
function describe<T>(
  { region, params }: Call,
  set: string,
  listing: Listing<T>,
  resources: Iterable<T>,
  view: (region: Region, resource: T) => Xml,
): { [name: string]: Xml } {
  const { selected, nextToken } = select(region, params, listing, resources)
  return { [set]: items(selected.map((resource) => view(region, resource))), nextToken }
}

function describeInstanceStatus(call: Call): { [name: string]: Xml } {
  const all = flag(call.params, 'IncludeAllInstances')
  const instances = [...call.region.instances.values()].filter(({ state }) => all || state === 'running')
  return describe(call, 'instanceStatusSet', listings.instanceStatus, instances, (_, instance) =>
    instanceStatusView(instance),
  )
}

function describeTags(call: Call): { [name: string]: Xml } {
  const tags = [...call.region.tags].flatMap(([resourceId, ofResource]) =>
    [...ofResource].map(([key, value]) => ({ key, value, resourceId, resourceType: kindOf(resourceId)?.type ?? '' })),
  )
  return describe(call, 'tagSet', listings.tags, tags, (_, tag) => ({ ...tag }))
}

/** Read-only calls. None has resource-level permissions. */
export const describeActions: Record<string, Action> = {
  DescribeInstances: {
    run: (call) =>
      describe(
        call,
        'reservationSet',
        listings.instances(call.region),
        call.region.instances.values(),
        reservationView,
      ),
  },
  DescribeInstanceStatus: { run: describeInstanceStatus },
  DescribeNetworkAcls: {
    run: (call) =>
      describe(
        call,
        'networkAclSet',
        listings.networkAcls(call.region),
        call.region.networkAcls.values(),
        networkAclView,
      ),
  },
  DescribeNetworkInterfaces: {
    run: (call) =>
      describe(
        call,
        'networkInterfaceSet',
        listings.networkInterfaces(call.region),
        call.region.interfaces.values(),
        interfaceView,
      ),
  },
  DescribeRouteTables: {
    run: (call) =>
      describe(
        call,
        'routeTableSet',
        listings.routeTables(call.region),
        call.region.routeTables.values(),
        routeTableView,
      ),
  },
  DescribeSecurityGroups: {
    run: (call) =>
      describe(
        call,
        'securityGroupInfo',
        listings.securityGroups(call.region),
        call.region.securityGroups.values(),
        securityGroupView,
      ),
  },
  DescribeSubnets: {
    run: (call) => describe(call, 'subnetSet', listings.subnets(call.region), call.region.subnets.values(), subnetView),
  },
  DescribeTags: { run: describeTags },
  DescribeVpcs: {
    run: (call) => describe(call, 'vpcSet', listings.vpcs, call.region.vpcs.values(), vpcView),
  },
}

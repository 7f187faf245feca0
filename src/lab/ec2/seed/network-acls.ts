import type { AclEntry } from '../model.ts'
import { idFor } from '../model.ts'
import { add, type Place, subnetId } from './place.ts'

/** Adds the seed's network ACLs, and the default one, which lets everything through, for the rest of the subnets. */
export function addNetworkAcls(place: Place): void {
  const { region, vpcId, name: vpcName, seed } = place
  const taken = new Set<string>()
  for (const [name, { id, subnets, entries, tags }] of Object.entries(seed.networkAcls)) {
    const subnetIds = subnets.map((subnet) => subnetId(place, subnet))
    for (const each of subnetIds) taken.add(each)
    const acl = { id: id ?? idFor('acl', `${vpcName}/${name}`), vpcId, isDefault: false, subnetIds, entries }
    add(region, region.networkAcls, acl, name, tags)
  }
  const subnetIds = [...region.subnets.values()].filter((each) => each.vpcId === vpcId).map(({ id }) => id)
  const acl = {
    id: idFor('acl', `${vpcName}/default`),
    vpcId,
    isDefault: true,
    subnetIds: subnetIds.filter((each) => !taken.has(each)),
    entries: ['0.0.0.0/0', '::/0'].flatMap((cidr, index) => openEntries(100 + index, cidr)),
  }
  add(region, region.networkAcls, acl, undefined, {})
}

function openEntries(number: number, cidr: string): AclEntry[] {
  return [false, true].map((egress) => ({ number, egress, protocol: '-1', action: 'allow', cidr }))
}

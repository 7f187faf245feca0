import { idFor, type Region } from '../model.ts'
import type { VpcSeed } from './schema.ts'
import { SeedError } from './seed.ts'

/** A VPC of a seed under construction. */
export type Place = {
  region: Region
  vpcId: string
  name: string
  seed: VpcSeed
}

/**
 * Adds a resource and its tags; its name becomes its Name tag unless the tags have one. @throws SeedError if its id is
 * taken
 */
export function add<T extends { id: string }>(
  region: Region,
  resources: Map<string, T>,
  resource: T,
  name: string | undefined,
  tags: Readonly<Record<string, string>>,
): void {
  if (resources.has(resource.id)) throw new SeedError([`${resource.id} is used twice`])
  resources.set(resource.id, resource)
  region.tags.set(resource.id, new Map(Object.entries(name === undefined ? tags : { Name: name, ...tags })))
}

/** The id of a security group, by its name in the seed. @throws SeedError if there is none */
export function groupId({ name: vpcName, seed }: Place, name: string): string {
  const group = seed.securityGroups[name]
  if (group === undefined && name !== 'default') {
    throw new SeedError([`vpcs.${vpcName}.securityGroups: there is no ${name}`])
  }
  return group?.id ?? idFor('sg', `${vpcName}/${name}`)
}

/** The id of an instance, by its name in the seed. */
export function instanceId({ name: vpcName, seed }: Place, name: string): string {
  const instance = seed.instances[name]
  return (typeof instance === 'object' ? instance.id : undefined) ?? idFor('i', `${vpcName}/${name}`)
}

/** The id of an instance's interface, by the instance's name in the seed. */
export function interfaceId(place: Place, instanceName: string, deviceIndex: number): string {
  const instance = place.seed.instances[instanceName]
  const networkInterface = typeof instance === 'object' ? instance.interfaces[deviceIndex] : undefined
  const id = typeof networkInterface === 'object' ? networkInterface.id : undefined
  return id ?? idFor('eni', `${instanceId(place, instanceName)}/${deviceIndex}`)
}

/** The id of a subnet, by its name in the seed. @throws SeedError if there is none */
export function subnetId({ name: vpcName, seed }: Place, name: string): string {
  const subnet = seed.subnets[name]
  if (subnet === undefined) throw new SeedError([`vpcs.${vpcName}.subnets: there is no ${name}`])
  return subnet.id ?? idFor('subnet', `${vpcName}/${name}`)
}

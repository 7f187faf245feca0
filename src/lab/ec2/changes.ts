import { type InstanceState, idFor, interfacesOf, type NetworkInterface, type Region } from './model.ts'

/**
 * Sets an instance's state. A terminated instance loses its interfaces and stays terminated.
 * @throws if the instance does not exist, or is already terminated
 */
export function setInstanceState(region: Region, instanceId: string, state: InstanceState): void {
  const instance = region.instances.get(instanceId)
  if (instance === undefined) throw new Error(`no instance ${instanceId}`)
  if (instance.state === 'terminated' && state !== 'terminated') throw new Error(`${instanceId} is already terminated`)
  instance.state = state
  if (state !== 'terminated') return
  for (const { id } of interfacesOf(region, instanceId)) {
    region.interfaces.delete(id)
    region.tags.delete(id)
  }
}

/** Detaches an interface from its instance. @throws if there is no such interface */
export function detachInterface(region: Region, interfaceId: string): void {
  const networkInterface = region.interfaces.get(interfaceId)
  if (networkInterface === undefined) throw new Error(`no interface ${interfaceId}`)
  delete networkInterface.attachment
}

/**
 * Replaces an interface of an instance. The old one is detached, as before deletion.
 * @throws if the interface does not exist or is not attached
 */
export function replaceInterface(region: Region, interfaceId: string, address: string): NetworkInterface {
  const old = region.interfaces.get(interfaceId)
  if (old?.attachment === undefined) throw new Error(`interface ${interfaceId} does not exist or is not attached`)
  const id = idFor('eni', `${interfaceId} ${address}`)
  const mac = `02:${id.slice(-10).replaceAll(/..(?!$)/g, '$&:')}`
  const attachment = { ...old.attachment, id: idFor('eni-attach', id) }
  const replacement = { ...old, id, mac, addresses: [address], ipv6Addresses: [], attachment }
  delete old.attachment
  region.interfaces.set(id, replacement)
  return replacement
}

/** @throws if there is no such interface */
export function deleteInterface(region: Region, interfaceId: string): void {
  if (!region.interfaces.delete(interfaceId)) throw new Error(`no interface ${interfaceId}`)
  region.tags.delete(interfaceId)
}

import { type InstanceState, interfacesOf, type Region } from './model.ts'

/**
 * Changes what an instance does. A terminated one loses its interfaces, and stays terminated.
 * @throws if there is no such instance, or it is already terminated
 */
export function setInstanceState(region: Region, instanceId: string, state: InstanceState): void {
  const instance = region.instances.get(instanceId)
  if (instance === undefined) throw new Error(`no instance ${instanceId}`)
  if (instance.state === 'terminated' && state !== 'terminated') throw new Error(`${instanceId} is terminated for good`)
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

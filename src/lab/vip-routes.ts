/** The routes of the lab's VIP. */
import type { EndpointControl, EndpointRequest, InterfaceRoute } from './endpoint-control.ts'
import { type Scene, VIP } from './scene.ts'

/** Reads the VIP's current routes to network interfaces. */
export async function vipRoutes(control: EndpointControl): Promise<InterfaceRoute[]> {
  return (await control.routes()).filter(({ destination }) => destination === VIP)
}

/** Whether the VIP's route in every table is active and targets the interface. */
export function areAllAt(routes: readonly InterfaceRoute[], scene: Scene, eni: string): boolean {
  return [...scene.tables.values()].every((id) =>
    routes.some(({ table, target, state }) => table === id && target === eni && state === 'active'),
  )
}

/** A write of the VIP's route that EC2 accepted. */
export type RouteWrite = {
  readonly table: string
  readonly target: string
  /** Arrival time, in milliseconds since the epoch. */
  readonly at: number
}

/** In order of arrival. */
export function acceptedWrites(requests: readonly EndpointRequest[]): RouteWrite[] {
  return requests.flatMap(({ action, params, at, status }) => {
    const { DestinationCidrBlock: vip, RouteTableId: table = '', NetworkInterfaceId: target = '' } = params
    return /^(Replace|Create)Route$/.test(action) && status === 200 && vip === VIP ? [{ table, target, at }] : []
  })
}

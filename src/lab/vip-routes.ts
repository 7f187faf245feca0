/** Where the lab's VIP points. */
import type { EndpointControl, EndpointRequest, InterfaceRoute } from './endpoint-control.ts'
import { type Scene, VIP } from './scene.ts'

/** The VIP's routes to network interfaces, as EC2 has them now. */
export async function vipRoutes(control: EndpointControl): Promise<InterfaceRoute[]> {
  return (await control.routes()).filter(({ destination }) => destination === VIP)
}

/** Whether the VIP's route in every table is active and at the interface. */
export function areAllAt(routes: readonly InterfaceRoute[], scene: Scene, eni: string): boolean {
  return [...scene.tables.values()].every((id) =>
    routes.some(({ table, target, state }) => table === id && target === eni && state === 'active'),
  )
}

/** A write of the VIP's route that EC2 has accepted. */
export type RouteWrite = {
  readonly table: string
  readonly target: string
  /** When it came, in milliseconds since the epoch. */
  readonly at: number
}

/** In the order in which they came. */
export function acceptedWrites(requests: readonly EndpointRequest[]): RouteWrite[] {
  return requests.flatMap(({ action, params, at, status }) => {
    const { DestinationCidrBlock: vip, RouteTableId: table = '', NetworkInterfaceId: target = '' } = params
    return /^(Replace|Create)Route$/.test(action) && status === 200 && vip === VIP ? [{ table, target, at }] : []
  })
}

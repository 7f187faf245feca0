import type { Service } from '../protocol.ts'
import type { Action } from './action.ts'
import { describeActions } from './describe.ts'
import { modifyNetworkInterfaceAttribute } from './interface-attributes.ts'
import { routeActions } from './routes.ts'
import { stsActions } from './sts.ts'
import { tagActions } from './tags.ts'

/** All actions, by service and name. */
export const actions: Record<Service, Record<string, Action>> = {
  ec2: {
    ...describeActions,
    ...routeActions,
    ...tagActions,
    ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
  },
  sts: stsActions,
}

import { ApiError } from '../errors.ts'
import { flag, requiredText, text } from '../protocol.ts'
import { checkForm, find, kinds } from '../resources.ts'
import type { Action } from './action.ts'

/** Changes the source/dest check, the only attribute that the model lets change. */
export const modifyNetworkInterfaceAttribute: Action = {
  resources: (params) => {
    const id = requiredText(params, 'NetworkInterfaceId')
    checkForm(kinds.networkInterface, id)
    return [id]
  },
  run: ({ region, params }) => {
    const networkInterface = find(region, kinds.networkInterface, requiredText(params, 'NetworkInterfaceId'))
    if (text(params, 'SourceDestCheck.Value') === undefined) {
      throw new ApiError('InvalidParameterCombination', 'No attributes specified.')
    }
    networkInterface.sourceDestCheck = flag(params, 'SourceDestCheck.Value')
    return { return: true }
  },
}

import { ApiError, parameterInMessage } from '../errors.ts'
import { interfacesOf, type Region, type RouteTable, type RouteTarget, type TargetField } from '../model.ts'
import { flag, type Params, text } from '../protocol.ts'
import { find, kinds } from '../resources.ts'

/** Gateways that a route can target, and EC2's error if one does not exist. */
const gateways: Record<string, { field: TargetField; code: string; label: string }> = {
  CarrierGatewayId: { field: 'carrierGatewayId', code: 'InvalidCarrierGatewayID.NotFound', label: 'carrierGateway ID' },
  EgressOnlyInternetGatewayId: {
    field: 'egressOnlyInternetGatewayId',
    code: 'InvalidGatewayID.NotFound',
    label: 'eigw ID',
  },
  GatewayId: { field: 'gatewayId', code: 'InvalidGatewayID.NotFound', label: 'gateway ID' },
  LocalGatewayId: { field: 'localGatewayId', code: 'InvalidLocalGatewayID.NotFound', label: 'localGateway ID' },
  NatGatewayId: { field: 'natGatewayId', code: 'InvalidNatGatewayID.NotFound', label: 'natGateway ID' },
  TransitGatewayId: {
    field: 'transitGatewayId',
    code: 'InvalidTransitGatewayID.NotFound',
    label: 'transitGateway ID',
  },
  VpcEndpointId: { field: 'gatewayId', code: 'InvalidVpcEndpointId.NotFound', label: 'Vpc Endpoint Id' },
  VpcPeeringConnectionId: {
    field: 'vpcPeeringConnectionId',
    code: 'InvalidVpcPeeringConnectionID.NotFound',
    label: 'vpcPeeringConnection ID',
  },
}

const parameters = [...Object.keys(gateways), 'NetworkInterfaceId', 'InstanceId']

/** The request's target, validated. @throws ApiError unless it names exactly one valid target */
export function requestedTarget(region: Region, table: RouteTable, params: Params): RouteTarget {
  const local = params.Action === 'ReplaceRoute' && flag(params, 'LocalTarget')
  const given = parameters.flatMap((parameter) => {
    const id = text(params, parameter)
    return id === undefined ? [] : [{ parameter, id }]
  })
  const [target] = given
  if (given.length + Number(local) !== 1) {
    throw new ApiError(
      given.length === 0 ? 'MissingParameter' : 'InvalidParameterCombination',
      `The request must contain exactly one of ${parameters.map(parameterInMessage).join(', ')}`,
    )
  }
  if (target === undefined) return { field: 'gatewayId', id: 'local' }
  return existingTarget(region, table, target.parameter, target.id)
}

function existingTarget(region: Region, table: RouteTable, parameter: string, id: string): RouteTarget {
  const gateway = gateways[parameter]
  if (gateway !== undefined) {
    if (!region.gateways.has(id)) throw new ApiError(gateway.code, `The ${gateway.label} '${id}' does not exist`)
    return { field: gateway.field, id }
  }
  const networkInterface =
    parameter === 'InstanceId' ? onlyInterface(region, id) : find(region, kinds.networkInterface, id)
  if (networkInterface.vpcId !== table.vpcId) {
    // From OpenStack's ec2-api; EC2's own text is unknown.
    throw new ApiError(
      'InvalidParameterValue',
      `Route table ${table.id} and interface ${networkInterface.id} belong to different networks`,
    )
  }
  return { field: 'networkInterfaceId', id: networkInterface.id }
}

function onlyInterface(region: Region, instanceId: string) {
  find(region, kinds.instance, instanceId)
  const [first, second] = interfacesOf(region, instanceId)
  if (second !== undefined) {
    throw new ApiError(
      'InvalidInstanceID',
      `There are multiple interfaces attached to instance '${instanceId}'. Please specify an interface ID for the operation instead.`,
    )
  }
  if (first === undefined) {
    throw new ApiError('InvalidInstanceID', `There are no interfaces attached to instance '${instanceId}'.`)
  }
  return first
}

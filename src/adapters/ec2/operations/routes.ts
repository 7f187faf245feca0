/** The only route write: pointing a route at an ENI. */
import { CreateRouteCommand, ReplaceRouteCommand } from '@aws-sdk/client-ec2'
import type { EniId } from '../../../core/ids.ts'
import type { RouteKey } from '../../../core/route.ts'
import { type Destination, destinationText } from '../../../core/vip.ts'
import { Failure } from '../../../platform/errors.ts'
import { type Ec2, type Hedging, send, sendHedged } from '../client.ts'
import { Ec2Error, type ErrorClass } from '../errors.ts'
import type { Precedence } from '../transport/budget.ts'

type Action = 'ReplaceRoute' | 'CreateRoute'

/**
 * Points one route at the ENI: ReplaceRoute, or CreateRoute if it does not exist. Both are idempotent and hedged; if
 * two create it, the later one gets RouteAlreadyExists and is retried.
 * @throws Ec2Error; Failure of kind `refused` if the route is missing and may not be created
 */
export async function writeRoute(
  ec2: Ec2,
  key: RouteKey,
  eni: EniId,
  createMissing: boolean,
  precedence: Precedence,
  hedging: Hedging,
): Promise<'replaced' | 'created'> {
  try {
    await write(ec2, 'ReplaceRoute', key, eni, precedence, hedging)
    return 'replaced'
  } catch (error) {
    if (!hasClass(error, 'create-instead')) throw error
  }
  if (!createMissing) {
    throw new Failure('refused', `${key.table} has no route to ${destinationText(key.vip)}, and createMissing is off`, {
      hint: 'create the route by hand, or set createMissing to true for the instance in the config',
    })
  }
  await write(ec2, 'CreateRoute', key, eni, precedence, hedging)
  return 'created'
}

/**
 * Asks EC2 whether the write would be permitted (DryRun), without writing. Checks only permission, not whether the
 * change is valid.
 * @param missing whether the route is missing and would be created
 * @throws Ec2Error
 */
export async function rehearseWrite(
  ec2: Ec2,
  key: RouteKey,
  eni: EniId,
  missing: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { attempted, call } = command(ec2, missing ? 'CreateRoute' : 'ReplaceRoute', key, eni, true)
  try {
    await send(attempted, call, signal)
  } catch (error) {
    if (!hasClass(error, 'permitted')) throw error
  }
}

function write(
  ec2: Ec2,
  action: Action,
  key: RouteKey,
  eni: EniId,
  precedence: Precedence,
  hedging: Hedging,
): Promise<object> {
  const { attempted, call } = command(ec2, action, key, eni, false)
  return ec2.budget.within(action, precedence, () => sendHedged(attempted, call, hedging), hedging.signal)
}

/** The call, and a description of it for errors. */
function command(ec2: Ec2, action: Action, { table, vip }: RouteKey, eni: EniId, dryRun: boolean) {
  const input = { RouteTableId: table, NetworkInterfaceId: eni, DryRun: dryRun, ...destinationInput(vip) }
  return {
    attempted: `${action} ${destinationText(vip)} in ${table} to ${eni}`,
    call: (options: { abortSignal: AbortSignal }): Promise<object> =>
      action === 'ReplaceRoute'
        ? ec2.routes.send(new ReplaceRouteCommand(input), options)
        : ec2.routes.send(new CreateRouteCommand(input), options),
  }
}

function hasClass(error: unknown, errorClass: ErrorClass): boolean {
  return error instanceof Ec2Error && error.class === errorClass
}

function destinationInput(destination: Destination) {
  switch (destination.kind) {
    case 'ipv4':
      return { DestinationCidrBlock: destination.cidr }
    case 'ipv6':
      return { DestinationIpv6CidrBlock: destination.cidr }
    case 'prefix-list':
      return { DestinationPrefixListId: destination.id }
  }
}

/** What a new node finds around it: its instance, by IMDS, and the VPC, by EC2. Nothing of it needs to be there. */

import { type Ec2, regionOfEnvironment } from '../../adapters/ec2/client.ts'
import { interfaceOfThisInstance, type OwnInterface } from '../../adapters/ec2/instance-metadata.ts'
import { findEni, placeOfEni } from '../../adapters/ec2/operations/interfaces.ts'
import { readVpcTables, type VpcTable } from '../../adapters/ec2/operations/vpc.ts'
import { type CallContext, openFor } from '../../agent/node/route-port.ts'
import { parseReference } from '../../core/reference.ts'
import { type Address, type Destination, parseAddress, parseDestination } from '../../core/vip.ts'
import { Failure, messageOf } from '../../platform/errors.ts'

export type Surroundings = {
  /** The interface whose ENI becomes the target; undefined: this is no instance. */
  readonly own: OwnInterface | undefined
  /** Its name, where it is not the primary one. */
  readonly chosen: string | undefined
  readonly ec2: Ec2 | undefined
  /** CIDRs of the instance's VPC, which IMDS tells. */
  readonly ranges: readonly Destination[]
  /** Those of the VPC, or without an instance of the region, by Name; undefined where they could not be read. */
  readonly tables: readonly VpcTable[] | undefined
  /** Why something is not known. */
  readonly problems: readonly string[]
}

/**
 * Looks around, once: on the first day, neither a role nor a policy may be there.
 * @param name of the interface, where it is not to be the primary one
 * @throws Failure where the instance has no ENI for that
 */
export async function lookAround(
  {
    interface: name,
    assumeRole,
    region: given,
  }: { interface: string | undefined; assumeRole: string | undefined; region: string | undefined },
  context: CallContext,
): Promise<Surroundings> {
  const problems: string[] = []
  const tell = (error: unknown) => {
    problems.push(messageOf(error))
    return undefined
  }
  const primary = await interfaceOfThisInstance(undefined).catch(tell)
  const isAnother = name !== undefined && primary?.name !== undefined && primary.name !== name
  const own = isAnother ? await interfaceOfThisInstance(name) : primary
  const region = given ?? (await regionOfEnvironment())
  // IMDS, which has just not answered, is not asked for the region again and again.
  const ec2 = region || primary ? await openFor({ region, assumeRole }, context).catch(tell) : undefined
  const tables =
    ec2 && (await readVpcTables(ec2, own?.vpc === undefined ? 'all' : [own.vpc], context.signal).catch(tell))
  return {
    own,
    chosen: isAnother ? name : undefined,
    ec2,
    ranges: (own?.vpcRanges ?? []).map(parseDestination),
    tables: tables?.toSorted((a, b) => ((a.name ?? a.id) < (b.name ?? b.id) ? -1 : 1)),
    problems,
  }
}

/**
 * The address of another node, by that, its Name or an id.
 * @param vpcs where it is looked for
 * @throws Failure where there is none, or more than one
 */
export async function addressOfNode(
  text: string,
  ec2: Ec2 | undefined,
  vpcs: readonly string[],
  signal: AbortSignal,
): Promise<Address> {
  const given = parseAddress(text)
  if (given) return given
  if (!ec2 || vpcs.length === 0)
    throw new Failure('usage', `"${text}" is no address, and EC2 could not be asked for one`)
  const { eni } = await findEni(ec2, parseReference(text), vpcs, signal)
  const address = parseAddress((await placeOfEni(ec2, eni, signal)).address)
  if (address) return address
  throw new Failure('failed', `EC2 tells no address of ${eni}`)
}

/** This node: its identity, and its access to EC2 and the witness. */

import { closeEc2, type Ec2 } from '../../adapters/ec2/client.ts'
import { placeOfEni } from '../../adapters/ec2/operations/interfaces.ts'
import { openWitness } from '../../adapters/witness/open.ts'
import type { Witness } from '../../adapters/witness/witness.ts'
import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import type { Identity } from './own-interface.ts'
import { type Reader, sharedReader } from './reading.ts'
import { type CallContext, openFor, ownEni, retryWithLogging } from './route-port.ts'

export type Node = Identity & {
  readonly config: Config
  readonly ec2: Ec2
  readonly reader: Reader
  readonly witness: Witness
  readonly clock: Clock
  readonly log: Log
}

/** Finds this node's identity. @throws Failure if it cannot be found before `context.signal` aborts */
export async function openNode(config: Config, context: CallContext): Promise<Node> {
  const [ec2, eni] = await Promise.all([openFor(config, context), ownEni(config, context)])
  const { address, vpc } = await retryWithLogging((signal) => placeOfEni(ec2, eni, signal), context).catch(
    (error: unknown) => {
      closeEc2(ec2) // A retry opens another.
      throw error
    },
  )
  const { clock, log } = context
  const witness = openWitness(config, ec2, Object.keys(config.instances))
  const reader = sharedReader(ec2, witness, config, { eni, vpc: async () => vpc }, clock)
  return { config, ec2, eni, address, vpc, witness, reader, clock, log }
}

/** The same node with another interface. */
export function withIdentity(node: Node, { eni, address, vpc }: Identity): Node {
  const { ec2, witness, config, clock } = node
  const reader = sharedReader(ec2, witness, config, { eni, vpc: async () => vpc }, clock)
  return { ...node, eni, address, vpc, reader }
}

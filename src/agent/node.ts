/** This node: who it is, and its ways to EC2, to the witness and to keepalived. */
import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { EniId } from '../core/ids.ts'
import type { Ec2 } from '../ec2/client.ts'
import { addressOfEni } from '../ec2/interfaces.ts'
import { createProbe, type Probe } from '../keepalived/probe.ts'
import type { Log } from '../log.ts'
import { openWitness } from '../witness/open.ts'
import type { Witness } from '../witness/witness.ts'
import { type Reader, sharedReader } from './reading.ts'
import { insist, openFor, ownEni, type Wanted } from './route-port.ts'

export type Node = {
  readonly config: Config
  readonly ec2: Ec2
  readonly eni: EniId
  /** Primary private address of the ENI: the VRRP source address where keepalived does not tell another. */
  readonly address: string
  readonly reader: Reader
  readonly witness: Witness
  readonly probe: Probe
  readonly clock: Clock
  readonly log: Log
}

/** Finds out who this node is. @throws Failure when that is not to be known before it is no longer wanted */
export async function openNode(config: Config, wanted: Wanted): Promise<Node> {
  const [ec2, eni] = await Promise.all([openFor(config, wanted), ownEni(config, wanted)])
  const address = await insist((signal) => addressOfEni(ec2, eni, signal), wanted)
  const names = Object.keys(config.instances)
  const witness = openWitness(config, ec2, names)
  return {
    config,
    ec2,
    eni,
    address,
    witness,
    reader: sharedReader(ec2, witness, config, eni, wanted.clock),
    probe: createProbe({ pidFile: config.keepalived.pidFile, expected: names }),
    clock: wanted.clock,
    log: wanted.log,
  }
}

/** Where VRRP speaks: this node's interface and address, and the other nodes' addresses, as far as they are to be found out. */

import { interfaceOfThisInstance, type OwnInterface } from '../../adapters/ec2/instance-metadata.ts'
import { openWitness } from '../../adapters/witness/open.ts'
import type { WitnessReport } from '../../adapters/witness/witness.ts'
import { type CallContext, openFor, retryWithLogging } from '../../agent/node/route-port.ts'
import type { Config } from '../../config/schema.ts'
import type { EniId } from '../../core/ids.ts'
import { type Address, parseAddress } from '../../core/vip.ts'
import { messageOf } from '../../platform/errors.ts'

/** What is known already, and need not be looked up. */
export type GivenAddresses = {
  readonly interface: string | undefined
  readonly source: Address | undefined
  readonly peers: readonly Address[]
}

export type VrrpAddresses = {
  readonly interface: string | undefined
  readonly source: Address | undefined
  /** By VRRP instance. */
  readonly peers: ReadonlyMap<string, readonly Address[]>
  /** Why this node's own could not be found out, or the others'. */
  readonly ownProblem: string | undefined
  readonly peersProblem: string | undefined
}

/** Asks IMDS for this node's own, and EC2 for the addresses in the other nodes' claims; only for what is not given. */
export async function lookUpAddresses(
  config: Config,
  instances: readonly string[],
  given: GivenAddresses,
  context: CallContext,
): Promise<VrrpAddresses> {
  const own = await lookUpOwn(config, given)
  const source = given.source ?? own.source
  const found = {
    interface: given.interface ?? config.interface ?? own.found?.name,
    source,
    ownProblem: own.problem,
    peersProblem: undefined,
  }
  if (given.peers.length > 0) {
    return { ...found, peers: new Map(instances.map((name) => [name, given.peers])) }
  }
  if (!source) {
    return {
      ...found,
      peers: new Map(),
      peersProblem: 'without this node’s address no claim can be told to be another node’s',
    }
  }
  try {
    const ec2 = await openFor(config, context)
    const testimonies = await retryWithLogging((signal) => openWitness(config, ec2, instances).read(signal), context)
    const peers = [...testimonies].map(
      ([name, testimony]) => [name, addressesOf(testimony, source, config.eni ?? own.found?.eni)] as const,
    )
    const silent = peers.filter(([, addresses]) => addresses.length === 0).map(([name]) => name)
    const problem = `no other node of ${config.cluster} has published a claim about ${silent.join(', ')} yet`
    return { ...found, peers: new Map(peers), peersProblem: silent.length > 0 ? problem : undefined }
  } catch (error) {
    return { ...found, peers: new Map(), peersProblem: messageOf(error) }
  }
}

type Own = { found?: OwnInterface; source?: Address | undefined; problem?: string | undefined }

async function lookUpOwn(config: Config, given: GivenAddresses): Promise<Own> {
  const name = given.interface ?? config.interface
  if (name !== undefined && given.source) return {}
  try {
    const found = await interfaceOfThisInstance(name)
    const problem = found.name === undefined ? `no interface of this host is ${found.eni}` : undefined
    const addresses = [...found.ipv4, ...found.ipv6].flatMap((text) => parseAddress(text) ?? [])
    const family = given.peers[0]?.kind ?? addresses[0]?.kind
    return { found, source: addresses.find(({ kind }) => kind === family), problem }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

/** Of the other nodes that have not gone, in VRRP's own family. */
function addressesOf({ claims }: WitnessReport, source: Address, eni: EniId | undefined): Address[] {
  return claims.flatMap(({ claim, isUnreachable }) => {
    const address = parseAddress(claim.address)
    if (isUnreachable || claim.eni === eni || address?.kind !== source.kind || address.text === source.text) return []
    return [address]
  })
}

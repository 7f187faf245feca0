/** Determines the nodes: those that have published a claim, this node, and its peers in keepalived.conf. */

import type { Ec2 } from '../../../adapters/ec2/client.ts'
import {
  type InstanceFacts,
  type InterfaceFacts,
  readInstances,
  readInterfaces,
  readInterfacesAt,
} from '../../../adapters/ec2/operations/members.ts'
import { openWitness } from '../../../adapters/witness/open.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import type { Config } from '../../../config/schema.ts'
import { doubtText } from '../../../core/claim.ts'
import type { EniId } from '../../../core/ids.ts'
import { type Fact, known, learnFromEc2 } from './fact.ts'

export type Member = {
  /** Display name: its instance's Name, else its interface's id. */
  readonly label: string
  readonly nic: InterfaceFacts
  readonly isSelf: boolean
  /** VRRP instances for which it has published a claim. */
  readonly published: readonly string[]
  /** Those for which it claims to be MASTER. */
  readonly masterOf: readonly string[]
  /** Its invalid claims: the VRRP instance and a description of each. */
  readonly doubts: readonly { readonly name: string; readonly text: string }[]
  /** Source address of its adverts. */
  readonly vrrpAddress: string
  /** The instance, if the interface is attached to one. */
  readonly instance: Fact<InstanceFacts> | undefined
}

export type Cluster = {
  readonly region: string
  /** This node first, then by name. */
  readonly members: readonly Member[]
  /** unicast_peer addresses that no interface of the VPC has. */
  readonly strangers: readonly string[]
  /** How far this host's clock is ahead of EC2's, in milliseconds, if known. */
  readonly clockAheadMs: number | undefined
}

/** Whether an interface can carry traffic: attached, and its instance not known to be down. */
export function isLive({ instance }: Member): boolean {
  return instance !== undefined && (!instance.known || instance.value.isRunning !== false)
}

/** @param peers unicast_peer in this node's keepalived.conf */
export async function readCluster(
  ec2: Ec2,
  config: Pick<Config, 'cluster' | 'witness'>,
  names: readonly string[],
  { ownEni, peers }: { ownEni: EniId | undefined; peers: readonly string[] },
  context: CallContext,
): Promise<Fact<Cluster>> {
  const read = await learnFromEc2(async (signal) => {
    const testimonies = await openWitness(config, ec2, names).read(signal)
    const { date = 0 } = testimonies.values().next().value ?? {}
    const clockAheadMs = date > 0 ? context.clock.wall() - date : undefined
    const claims = [...testimonies].flatMap(([name, { claims: of }]) => of.map(({ claim }) => ({ name, claim })))
    const doubts = [...testimonies].flatMap(([name, { doubts: of }]) =>
      of.filter((doubt) => doubt.of === 'claim').map((doubt) => ({ eni: doubt.eni, name, text: doubtText(doubt) })),
    )
    const carriers = [...claims.map(({ claim }) => claim), ...doubts].map(({ eni }) => eni)
    const enis = new Set([...carriers, ...(ownEni ? [ownEni] : [])])
    const nics = await readInterfaces(ec2, [...enis], signal)
    const missing = peers.filter((peer) => !nics.some(({ addresses }) => addresses.includes(peer)))
    const vpc = nics.find(({ eni }) => eni === ownEni)?.vpc
    const found = vpc && missing.length > 0 ? await readInterfacesAt(ec2, missing, vpc, signal) : []
    const strangers = vpc ? missing.filter((peer) => !found.some(({ addresses }) => addresses.includes(peer))) : []
    return { clockAheadMs, claims, doubts, strangers, nics: [...nics, ...found] }
  }, context)
  if (!read.known) return read
  const { nics, claims, doubts, ...rest } = read.value
  const ids = nics.flatMap(({ instance }) => instance ?? [])
  const instances = await learnFromEc2((signal) => readInstances(ec2, ids, signal), context)

  const members = nics.map((nic): Member => {
    const instance = nic.instance && factsOf(instances, nic.instance)
    const own = claims.filter(({ claim }) => claim.eni === nic.eni)
    return {
      label: (instance?.known ? instance.value.name : undefined) ?? nic.eni,
      nic,
      isSelf: nic.eni === ownEni,
      published: own.map(({ name }) => name),
      masterOf: own.filter(({ claim }) => claim.state === 'MASTER').map(({ name }) => name),
      doubts: doubts.filter(({ eni }) => eni === nic.eni),
      vrrpAddress:
        own[0]?.claim.address ?? nic.addresses.find((each) => peers.includes(each)) ?? nic.addresses[0] ?? '',
      instance,
    }
  })
  members.sort((a, b) => Number(b.isSelf) - Number(a.isSelf) || (a.label < b.label ? -1 : 1))
  return known({ ...rest, region: ec2.region, members })
}

function factsOf(instances: Fact<readonly InstanceFacts[]>, id: string): Fact<InstanceFacts> {
  if (!instances.known) return instances
  const facts = instances.value.find(({ instance }) => instance === id)
  return facts ? known(facts) : { known: false, why: `EC2 does not describe ${id}` }
}

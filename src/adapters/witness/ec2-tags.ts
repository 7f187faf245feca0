/** The EC2 control plane as witness: each node's claim is a tag on its own ENI, and every node reads them all. */
import type { Ec2 } from '../ec2/client.ts'
import {
  holdersOf,
  readTagged,
  type TaggedInterface,
  vpcsOf,
  withSourceDestCheck,
  writeTag,
} from '../ec2/operations/tags.ts'
import { claimKey, claimValue, parseClaim, parsedTags, parsePin, pinKey } from './tag.ts'
import type { Witness, WitnessReport } from './witness.ts'

/** @param instances the VRRP instances whose claims are read, in one call */
export function ec2TagsWitness(ec2: Ec2, cluster: string, instances: readonly string[]): Witness {
  const keys = instances.flatMap((instance) => [claimKey(cluster, instance), pinKey(cluster, instance)])
  return {
    publish: (instance, claim, signal) =>
      writeTag(ec2, claim.eni, claimKey(cluster, instance), claimValue(claim), signal),

    async read(signal) {
      const { interfaces, date } = await readTagged(ec2, keys, signal)
      return new Map(instances.map((instance) => [instance, testimonyOf(interfaces, cluster, instance, date)]))
    },
  }
}

function testimonyOf(
  interfaces: readonly TaggedInterface[],
  cluster: string,
  instance: string,
  date: number,
): WitnessReport {
  const detached = interfaces.filter(({ instance: holder }) => holder === undefined).map(({ eni }) => eni)
  const claims = parsedTags(interfaces, claimKey(cluster, instance), parseClaim)
  const pins = parsedTags(interfaces, pinKey(cluster, instance), parsePin)
  return {
    claims: claims.values.map((claim) => ({ claim, isUnreachable: detached.includes(claim.eni) })),
    pins: pins.values,
    doubts: [...claims.doubts, ...pins.doubts],
    detached: new Set(detached),
    checked: withSourceDestCheck(interfaces),
    holders: holdersOf(interfaces),
    vpcs: vpcsOf(interfaces),
    date,
  }
}

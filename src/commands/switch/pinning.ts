/** What an operator's switch means to the daemons: who VRRP means, and pins that outrank it. */

import type { Ec2 } from '../../adapters/ec2/client.ts'
import { removeTag, writeTag } from '../../adapters/ec2/operations/tags.ts'
import { openWitness } from '../../adapters/witness/open.ts'
import { pinKey, pinValue } from '../../adapters/witness/tag.ts'
import { type CallContext, retryWithLogging } from '../../agent/node/route-port.ts'
import type { Config } from '../../config/schema.ts'
import { type Claim, doubtText, elect } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import { judgePins, type Pin } from '../../core/pin.ts'

export type Intent = {
  /** The MASTER that VRRP would elect among the claims; undefined where none claims to be. */
  readonly master: Claim | undefined
  readonly pin: Pin | undefined
  /** Every interface that carries a pin of the instance, valid or not, understood or not. */
  readonly pinned: readonly EniId[]
  /** By EC2's own clock, in milliseconds since the epoch. */
  readonly date: number
}

/** Who should own the instance's routes, as far as claims and pins tell. @throws Failure */
export async function readIntent(ec2: Ec2, config: Config, instance: string, context: CallContext): Promise<Intent> {
  const testimonies = await retryWithLogging((signal) => openWitness(config, ec2, [instance]).read(signal), context)
  const { claims = [], pins = [], doubts = [], detached, date = 0 } = testimonies.get(instance) ?? {}
  for (const doubt of doubts) context.log.warn(doubtText(doubt))
  const masters = claims
    .filter(({ claim, isUnreachable }) => claim.state === 'MASTER' && !isUnreachable)
    .map(({ claim }) => claim)
  const { valid } = judgePins(pins, date, (eni) => detached?.has(eni) ?? false)
  return {
    master: elect(masters),
    pin: valid,
    pinned: [...pins, ...doubts.filter((doubt) => doubt.of === 'pin')].map(({ eni }) => eni),
    date,
  }
}

/** Pins the instance's routes to the ENI for so many milliseconds, by EC2's own clock. Older pins are taken away. */
export async function pinRoutes(
  ec2: Ec2,
  { cluster }: Config,
  instance: string,
  eni: EniId,
  durationMs: number,
  { pinned, date }: Intent,
  context: CallContext,
): Promise<Pin> {
  const pin = { eni, since: date, until: date + durationMs }
  const key = pinKey(cluster, instance)
  await retryWithLogging((signal) => writeTag(ec2, eni, key, pinValue(pin), signal), context)
  const others = pinned.filter((each) => each !== eni)
  if (others.length > 0) await retryWithLogging((signal) => removeTag(ec2, others, key, signal), context)
  return pin
}

/** Takes every pin of the instance away. Returns what carried one. */
export async function unpinRoutes(
  ec2: Ec2,
  config: Config,
  instance: string,
  context: CallContext,
): Promise<readonly EniId[]> {
  const { pinned } = await readIntent(ec2, config, instance, context)
  const key = pinKey(config.cluster, instance)
  if (pinned.length > 0) await retryWithLogging((signal) => removeTag(ec2, pinned, key, signal), context)
  return pinned
}

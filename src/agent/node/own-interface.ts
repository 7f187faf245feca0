/** This node's interface has changed: the instance was given another one, and knows which. */

import { addressOfThisInstance, eniOfThisInstance, vpcOfThisInstance } from '../../adapters/ec2/instance-metadata.ts'
import type { Config } from '../../config/schema.ts'
import type { EniId } from '../../core/ids.ts'
import type { Clock } from '../../platform/clock.ts'
import { hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'

export type Identity = {
  readonly eni: EniId
  /** Primary private address of the ENI: the VRRP source address, unless keepalived gives another. */
  readonly address: string
  /** The VPC of the ENI, if known: route tables are selected there. */
  readonly vpc: string | undefined
}

/** Milliseconds between questions. */
const PAUSE = 1000

export const CONFIGURED_HINT =
  'eni in the config names it: correct it, or remove it so that the instance is asked; then systemctl reload vip-switch'

/**
 * Asks the instance repeatedly until it has an interface other than `eni`.
 * @throws the signal's reason
 */
export async function replacementOf(
  eni: EniId,
  { interface: name }: Pick<Config, 'interface'>,
  { signal, clock, log }: { readonly signal: AbortSignal; readonly clock: Clock; readonly log: Log },
): Promise<Identity> {
  for (;;) {
    try {
      const [found, address, vpc] = await Promise.all([
        eniOfThisInstance(name),
        addressOfThisInstance(name),
        vpcOfThisInstance(name),
      ])
      signal.throwIfAborted()
      if (found !== eni) {
        log.warn(`this node’s interface is now ${found} instead of ${eni}`)
        return { eni: found, address, vpc }
      }
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ hint: hintOf(error) }, messageOf(error))
    }
    await clock.sleep(PAUSE, signal)
  }
}

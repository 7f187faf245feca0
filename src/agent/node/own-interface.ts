/** This node's interface is not what it was: the instance was given another one, and says which. */

import { addressOfThisInstance, eniOfThisInstance } from '../../adapters/ec2/instance-metadata.ts'
import type { Config } from '../../config/schema.ts'
import type { EniId } from '../../core/ids.ts'
import type { Clock } from '../../platform/clock.ts'
import { hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'

export type Identity = {
  readonly eni: EniId
  /** Primary private address of the ENI: the VRRP source address where keepalived does not tell another. */
  readonly address: string
}

/** Milliseconds between two questions. */
const PAUSE = 1000

export const CONFIGURED_HINT =
  'eni in the config names it: correct it there, or leave it out, so that the instance is asked; then systemctl reload vip-switch'

/**
 * Asks the instance again and again, until it has another interface than `eni`.
 * @throws the signal's reason
 */
export async function replacementOf(
  eni: EniId,
  { interface: name }: Pick<Config, 'interface'>,
  { signal, clock, log }: { readonly signal: AbortSignal; readonly clock: Clock; readonly log: Log },
): Promise<Identity> {
  for (;;) {
    try {
      const [found, address] = await Promise.all([eniOfThisInstance(name), addressOfThisInstance(name)])
      signal.throwIfAborted()
      if (found !== eni) {
        log.warn(`this node’s interface is ${found} now, and no longer ${eni}`)
        return { eni: found, address }
      }
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ hint: hintOf(error) }, messageOf(error))
    }
    await clock.sleep(PAUSE, signal)
  }
}

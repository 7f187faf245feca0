/** Who this node is: found out however long it takes, and asked anew when EC2 says that it is another. */

import { isAboutInterface } from '../../adapters/ec2/errors.ts'
import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../platform/clock.ts'
import { Failure, hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { type Node, openNode } from '../node/node.ts'
import { CONFIGURED_HINT, type Identity, replacementOf } from '../node/own-interface.ts'
import type { InstanceReading } from '../node/reading.ts'

/** Between two tries to find out who this node is. Milliseconds. */
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 5000

const ASKED_HINT = 'the instance is asked which interface it has now'

export type OpenOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Called whenever it could not be found out, and is tried again. */
  readonly onTrouble: (error: unknown) => void
  /** Called when credentials that were refused have been fetched anew, for as long as the node lives. */
  readonly onRenewal: () => void
}

/** Whatever stands in the way may be mended: credentials, a policy, a proxy. @throws the signal's reason, and nothing else */
export async function openWithRetries(
  config: Config,
  { clock, log, signal, onTrouble, onRenewal }: OpenOptions,
): Promise<Node> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
    try {
      return await openNode(config, { permit: () => {}, signal, clock, log, onRetry: onTrouble, onRenewal })
    } catch (error) {
      signal.throwIfAborted()
      log.error({ hint: hintOf(error) }, `this node does not know yet who it is: ${messageOf(error)}`)
      onTrouble(error)
      await clock.sleep(pause, signal)
    }
  }
}

export type IdentityWatch = {
  /** Looks whether what was read fits who we are. A read may be stale: then the instance says what it has said before. */
  look(read: InstanceReading): void
  /** The error, with what follows from it where it says that our interface is not ours. */
  about(error: unknown): unknown
}

export type IdentityWatchOptions = {
  readonly config: Pick<Config, 'eni' | 'interface'>
  readonly identity: () => Identity
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  readonly onChange: (identity: Identity) => void
}

export function watchIdentity({ config, identity, clock, log, signal, onChange }: IdentityWatchOptions): IdentityWatch {
  /** Whom our interface was attached to when it was seen first: to us. */
  let holder: string | undefined
  /** While it is asked which one we have; aborted when ours turns out to be ours. */
  let asking: AbortController | undefined

  function doubt(why: string): void {
    if (config.eni !== undefined) log.error({ hint: CONFIGURED_HINT }, why)
    else if (!asking) void askAnew(why)
  }

  async function askAnew(why: string): Promise<void> {
    asking = new AbortController()
    log.warn(`${why}: asking the instance which one it has now`)
    try {
      const { eni } = identity()
      const found = await replacementOf(eni, config, { signal: AbortSignal.any([signal, asking.signal]), clock, log })
      holder = undefined
      onChange(found)
    } catch {
      // The doubt has passed, or the daemon stops.
    }
    asking = undefined
  }

  return {
    look({ reading, holder: found }) {
      if ('error' in reading) return
      const { eni } = identity()
      holder ??= found
      if (reading.unreachable.has(eni)) doubt(`${eni} is attached to no instance`)
      else if (found !== undefined && found !== holder)
        doubt(`${eni} is attached to ${found}, and no longer to ${holder}`)
      // Of one that is gone, with its tags, nothing is read.
      else if (found !== undefined) asking?.abort()
    },
    about(error) {
      if (!isAboutInterface(error)) return error
      doubt(`${identity().eni} is no interface of this node’s any more`)
      const hint = config.eni === undefined ? ASKED_HINT : CONFIGURED_HINT
      return new Failure('failed', messageOf(error), { hint, cause: error })
    },
  }
}

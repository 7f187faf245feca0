/** This node's identity: looked up for as long as it takes, and again when EC2 contradicts it. */

import { isAboutInterface } from '../../adapters/ec2/errors.ts'
import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../platform/clock.ts'
import { Failure, hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { type Node, openNode } from '../node/node.ts'
import { CONFIGURED_HINT, type Identity, replacementOf } from '../node/own-interface.ts'
import type { InstanceReading } from '../node/reading.ts'

/** Milliseconds between attempts to find this node's identity. */
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 5000

const ASKED_HINT = 'the instance is asked which interface it has now'

export type OpenOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Called after each failed attempt. */
  readonly onTrouble: (error: unknown) => void
  /** Called when refused credentials have been fetched again, for as long as the node lives. */
  readonly onRenewal: () => void
}

/** Retries on any error, since all can be fixed: credentials, a policy, a proxy. @throws only the signal's reason */
export async function openWithRetries(
  config: Config,
  { clock, log, signal, onTrouble, onRenewal }: OpenOptions,
): Promise<Node> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
    try {
      return await openNode(config, { permit: () => {}, signal, clock, log, onRetry: onTrouble, onRenewal })
    } catch (error) {
      signal.throwIfAborted()
      log.error({ hint: hintOf(error) }, `this node is not identified yet: ${messageOf(error)}`)
      onTrouble(error)
      await clock.sleep(pause, signal)
    }
  }
}

export type IdentityWatch = {
  /** Checks a reading against our identity. If it was stale, the instance just confirms the interface we have. */
  look(read: InstanceReading): void
  /** Returns the error; if it says that our interface is not ours, with a hint, and asks the instance. */
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
  /** The instance our interface was attached to when first seen: this one. */
  let holder: string | undefined
  /** Set while the instance is asked; aborted when our interface turns out to be ours after all. */
  let asking: AbortController | undefined

  function doubt(why: string): void {
    if (config.eni !== undefined) log.error({ hint: CONFIGURED_HINT }, why)
    else if (!asking) void askInstance(why)
  }

  async function askInstance(why: string): Promise<void> {
    asking = new AbortController()
    log.warn(`${why}: asking the instance which one it has now`)
    try {
      const { eni } = identity()
      const found = await replacementOf(eni, config, { signal: AbortSignal.any([signal, asking.signal]), clock, log })
      holder = undefined
      onChange(found)
    } catch {
      // The doubt is resolved, or the daemon is stopping.
    }
    asking = undefined
  }

  return {
    look({ reading, holder: found }) {
      if ('error' in reading) return
      const { eni } = identity()
      holder ??= found
      if (reading.unreachable.has(eni)) doubt(`${eni} is not attached to any instance`)
      else if (found !== undefined && found !== holder) doubt(`${eni} is now attached to ${found} instead of ${holder}`)
      // Nothing is read about an interface that is gone: its tags went with it.
      else if (found !== undefined) asking?.abort()
    },
    about(error) {
      if (!isAboutInterface(error)) return error
      doubt(`${identity().eni} is no longer an interface of this node`)
      const hint = config.eni === undefined ? ASKED_HINT : CONFIGURED_HINT
      return new Failure('failed', messageOf(error), { hint, cause: error })
    },
  }
}

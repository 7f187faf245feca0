/** This node's interface, followed when the instance is given another one while a hook is at work. */
import { isAboutInterface } from '../../adapters/ec2/errors.ts'
import type { EniId } from '../../core/ids.ts'
import { Failure, messageOf } from '../../platform/errors.ts'
import { CONFIGURED_HINT, type Identity, replacementOf } from '../node/own-interface.ts'
import type { EventTask } from './event-agent.ts'

export type FollowedInterface = {
  /** The interface that this node has now. */
  eni(): EniId
  /** Resolves when the instance has named another interface. @throws the signal's reason */
  replaced(why: string): Promise<void>
  /**
   * Runs a call that names the interface `named`. If EC2 says that it is not ours, rejects only once another is found or
   * the time is up; by then the protocol has started over with the new one.
   */
  naming<Value>(named: EniId, call: () => Promise<Value>): Promise<Value>
}

export function followInterface(
  { eni: first, config, signal, clock, log }: Pick<EventTask, 'eni' | 'config' | 'signal' | 'clock' | 'log'>,
  onChange: (identity: Identity) => void,
): FollowedInterface {
  let eni = first
  let replacing: Promise<void> | undefined

  async function replace(why: string): Promise<void> {
    log.warn(`${why}: asking the instance which one it has now`)
    const identity = await replacementOf(eni, config, { signal, clock, log })
    eni = identity.eni
    onChange(identity)
  }

  function replaced(why: string): Promise<void> {
    replacing ??= replace(why).finally(() => {
      replacing = undefined
    })
    return replacing
  }

  return {
    eni: () => eni,
    replaced,
    async naming(named, call) {
      try {
        return await call()
      } catch (error) {
        // A call that named the previous interface says nothing about this one.
        if (!isAboutInterface(error) || named !== eni) throw error
        if (config.eni !== undefined) {
          throw new Failure('failed', messageOf(error), { hint: CONFIGURED_HINT, cause: error })
        }
        await replaced(`${eni} is no longer an interface of this node`).catch(() => {}) // The time is up.
        throw error
      }
    },
  }
}

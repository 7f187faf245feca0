/** What a hook that acts itself adds to the history: only once EC2 has answered its writes. */
import type { VrrpEvent } from '../../adapters/keepalived/event.ts'
import type { NodeState } from '../../core/claim.ts'
import type { Input } from '../../core/protocol/inputs-and-effects.ts'
import type { ProtocolState } from '../../core/protocol/state.ts'
import type { Step } from '../../history/chronicle.ts'
import type { Recorder } from '../../history/recorder.ts'
import type { Clock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'

export type EventHistory = {
  /** To be called after each step of the event's agent. */
  observe(state: ProtocolState, input: Input): void
  /** Writes what has been observed. */
  keep(): Promise<void>
}

/** On the clock (performance.timeOrigin): keepalived forks a hook for its event. */
const PROCESS_START = 0

type Places = { readonly stateDirectory: string; readonly historyDirectory: string }

/** @param previous the state before the event, if it is known */
export function eventHistory(
  { name, state: now }: VrrpEvent,
  previous: NodeState | undefined,
  { stateDirectory, historyDirectory, clock, log }: Places & { readonly clock: Clock; readonly log: Log },
): EventHistory {
  let steps: { readonly step: Step; readonly at: number }[] = []
  let recorder: Promise<Recorder> | undefined

  async function open(): Promise<Recorder> {
    const { createRecorder } = await import('../../history/recorder.ts')
    // Only a daemon makes a place there for hooks of another user.
    const directories = [historyDirectory, stateDirectory]
    // The agent of a proof begins as if it did not know that it is MASTER.
    const known = now === 'MASTER_RX_LOWER_PRI' ? 'MASTER' : previous
    return createRecorder({ by: 'hook', directories, clock, log, previous: known })
  }

  return {
    observe(state, input) {
      steps.push({ step: { state, input, now: clock.now(), heardAt: PROCESS_START }, at: clock.wall() })
    },
    async keep() {
      const due = steps
      steps = []
      try {
        recorder ??= open()
        const { tellStep, written } = await recorder
        for (const { step, at } of due) tellStep(name, step, at)
        await written()
      } catch (error) {
        // The event's own outcome stands.
        log.error(`the history cannot be told: ${messageOf(error)}`)
      }
    },
  }
}

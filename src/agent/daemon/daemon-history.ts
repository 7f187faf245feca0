/** The history that the daemon keeps: written once everything else is under way. */
import type { Input } from '../../core/protocol/inputs-and-effects.ts'
import type { ProtocolState } from '../../core/protocol/state.ts'
import type { Step } from '../../history/chronicle.ts'
import { createRecorder } from '../../history/recorder.ts'
import type { Clock } from '../../platform/clock.ts'
import { messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { prepareState } from '../../state/state-directory.ts'

export type DaemonHistory = {
  /** Makes the directory, and one in it for hooks of the daemon's group. */
  prepare(): void
  /** To be called after each step of an agent. */
  observe(instance: string, state: ProtocolState, input: Input): void
  tell(what: 'started' | 'reloaded' | 'rejected', why?: string): void
  /** Resolves when everything is written, or cannot be. */
  end(): Promise<void>
}

export type DaemonHistoryOptions = { readonly historyDirectory: string; readonly clock: Clock; readonly log: Log }

export function createDaemonHistory({ historyDirectory, clock, log }: DaemonHistoryOptions): DaemonHistory {
  const recorder = createRecorder({ by: 'daemon', directories: [historyDirectory], clock, log })
  let hasStarted = false
  function tellStep(instance: string, step: Step, at: number): void {
    try {
      recorder.tellStep(instance, step, at)
    } catch (error) {
      // The daemon goes on, whatever is told of it.
      log.error({ instance }, `the history cannot be told: ${messageOf(error)}`)
    }
  }
  return {
    prepare() {
      try {
        prepareState(historyDirectory)
      } catch {
        // The first line that cannot be written says why.
      }
    },
    observe(instance, state, input) {
      const step = { state, input, now: clock.now() }
      const at = clock.wall()
      // Once the step's calls are on the wire.
      setImmediate(tellStep, instance, step, at)
    },
    tell(what, why) {
      hasStarted = true
      recorder.tell(null, null, { kind: 'daemon', what, why: why ?? null })
    },
    async end() {
      // Agents' last steps come first.
      await new Promise((resolve) => setImmediate(resolve))
      if (hasStarted) recorder.tell(null, null, { kind: 'daemon', what: 'stopped', why: null })
      await recorder.written()
    },
  }
}

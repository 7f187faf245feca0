/** Keeps the history of one process. No route waits for it, and nothing fails because of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeState } from '../core/claim.ts'
import type { EniId } from '../core/ids.ts'
import type { Clock } from '../platform/clock.ts'
import { hintOf, messageOf } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import { appendLines } from './append.ts'
import { chronicle, type Memory, newMemory, type Step } from './chronicle.ts'
import { type Entry, type EntryHead, type Happening, lineOf } from './entry.ts'

/** Lines kept in memory while they cannot be written; then the oldest are dropped. */
const MOST_WAITING = 1000
/** A process that ends waits no longer than this for its lines to be written. Milliseconds. */
const LONGEST_FAREWELL = 1000

export type Recorder = {
  /** Tells a step of an agent. @param at milliseconds since the epoch */
  tellStep(instance: string, step: Step, at: number): void
  /** @param at milliseconds since the epoch; by default, now */
  tell(instance: string | null, eni: EniId | null, happening: Happening, at?: number): void
  /** Resolves when everything told so far is written, or cannot be for now. */
  written(): Promise<void>
}

export type RecorderOptions = {
  readonly by: EntryHead['by']
  /** Lines go to the first one that can be written. */
  readonly directories: readonly string[]
  readonly clock: Clock
  readonly log: Log
  /** The state that each instance was in before, if it is known. */
  readonly previous?: NodeState | undefined
}

export function createRecorder({ by, directories, clock, log, previous }: RecorderOptions): Recorder {
  const memories = new Map<string, Memory>()
  let waiting: string[] = []
  let isTold = false
  let writing: Promise<void> | undefined

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      try {
        await appendLines(directories, lines)
      } catch (error) {
        // They are tried again with the next ones.
        waiting = [...lines, ...waiting].slice(-MOST_WAITING)
        if (!isTold) log.warn({ hint: hintOf(error) }, `the history cannot be kept: ${messageOf(error)}`)
        isTold = true
        return
      }
      if (isTold) log.info('the history is kept again')
      isTold = false
    }
  }

  function write(): Promise<void> {
    writing ??= writeAll().finally(() => {
      writing = undefined
    })
    return writing
  }

  function keep(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    waiting.push(...entries.map(lineOf))
    void write()
  }

  return {
    tellStep(instance, step, at) {
      const { memory, told } = chronicle(memories.get(instance) ?? newMemory(previous), step)
      memories.set(instance, memory)
      const { eni } = step.state.self
      keep(told.map((happening) => ({ at, by, instance, eni, ...happening })))
    },
    tell(instance, eni, happening, at = clock.wall()) {
      keep([{ at, by, instance, eni, ...happening }])
    },
    async written() {
      await Promise.race([write(), sleep(LONGEST_FAREWELL, undefined, { ref: false })])
    },
  }
}

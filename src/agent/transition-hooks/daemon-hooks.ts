/** The transition hooks of a daemon's VRRP instances: one at a time per instance, only for the newest transition. */

import type { Config } from '../../config/schema.ts'
import type { Input } from '../../core/protocol/inputs-and-effects.ts'
import type { ProtocolState } from '../../core/protocol/state.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { type Counts, countersOf } from '../counters.ts'
import { factsFor } from './hook-facts.ts'
import { type HookMark, hooksDue } from './hooks-due.ts'
import { type HookTask, loadRunner, performHook } from './perform-hook.ts'
import type { TransitionHookResult } from './run-command.ts'
import { endRecordedHook } from './running-hook.ts'

/** The hooks of one VRRP instance. */
type Queue = {
  mark: HookMark | undefined
  /** Aborted by a newer transition. */
  wanted: AbortController
  /** Resolves when the previous hook has ended: hooks of two transitions must not overlap. */
  last: Promise<void>
}

export type TransitionHooksOptions = {
  readonly stateDirectory: string
  readonly clock: Clock
  readonly log: Log
  readonly counts: Counts
}

/** Lives as long as the daemon: a reload of the config neither ends nor forgets a hook. */
export class TransitionHooks {
  readonly #options: TransitionHooksOptions
  readonly #queues = new Map<string, Queue>()

  constructor(options: TransitionHooksOptions) {
    this.#options = options
  }

  /** Prepares for a config whose agents are about to start. */
  prepare({ instances }: Config): void {
    if (Object.values(instances).some(({ hooks }) => hooks)) void loadRunner()
  }

  /** To be called after each step of an agent. */
  observe({ cluster, instances }: Config, instance: string, state: ProtocolState, input: Input): void {
    const { vips, hooks } = instances[instance] ?? {}
    if (!vips || !hooks) return
    const queue = this.#queueOf(instance)
    const { mark, isTransition, due } = hooksDue(queue.mark, state, input)
    queue.mark = mark
    const { self, decision, keys } = state
    if (isTransition) this.#supersede(queue, instance, `${instance} has become ${self.state}`)
    const tables = keys.map(({ table }) => table)
    for (const event of due) {
      const hook = hooks[event]
      const facts = factsFor({ event, cluster, instance, vips, self, previous: mark?.previous, tables, decision })
      if (hook) this.#enqueue(queue, { instance, event, hook, facts })
    }
  }

  /** Ends running hooks. */
  async stop(): Promise<void> {
    const queues = [...this.#queues.values()]
    for (const queue of queues) queue.wanted.abort('the daemon stops')
    await Promise.all(queues.map(({ last }) => last))
  }

  #queueOf(instance: string): Queue {
    const known = this.#queues.get(instance)
    if (known) return known
    const queue = { mark: undefined, wanted: new AbortController(), last: Promise.resolve() }
    this.#queues.set(instance, queue)
    return queue
  }

  /** Ends earlier hooks, including one started by keepalived's hook while there was no daemon. */
  #supersede(queue: Queue, instance: string, why: string): void {
    const { stateDirectory, clock } = this.#options
    queue.wanted.abort(why)
    queue.wanted = new AbortController()
    queue.last = queue.last.then(() => endRecordedHook(stateDirectory, instance, clock))
  }

  #enqueue(queue: Queue, task: HookTask): void {
    const { stateDirectory, clock, log, counts } = this.#options
    const { signal } = queue.wanted
    queue.last = queue.last.then(async () => {
      const result = await performHook(task, { signal, stateDirectory, clock, log })
      if (result) countersOf(counts, task.instance)[COUNTER[result.outcome]] += 1
    })
  }
}

const COUNTER = {
  done: 'hooksDone',
  failed: 'hooksFailed',
  timeout: 'hooksFailed',
  ended: 'hooksEnded',
} as const satisfies Record<TransitionHookResult['outcome'], string>

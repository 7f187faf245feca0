/** A config at work: what keepalived says, and the agents who act on it as soon as this node knows who it is. */

import type { FifoEvent } from '../../adapters/keepalived/event.ts'
import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../platform/clock.ts'
import { Failure, hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { type Node, withIdentity } from '../node/node.ts'
import { type DaemonState, startAgents } from './agents.ts'
import { createHangDetector } from './hang-detector.ts'
import { openWithRetries, watchIdentity } from './identity-watch.ts'
import { retold } from './keepalived-history.ts'
import { type Listener, listen } from './listening.ts'
import type { Acting } from './status.ts'
import { startWarmUp, type WarmUp } from './warm-up.ts'

export type Generation = {
  readonly config: Config
  /** Resolves when it is known who this node is, or what stands in the way, and at the end. */
  readonly answered: Promise<void>
  /** Undefined as long as this node does not know who it is. */
  acting(): Acting | undefined
  /** Why it does not know that; undefined: it knows, or has only just begun to ask. */
  trouble(): string | undefined
  /** Takes the event of a hook that was forked at that moment (in ticks). Returns false for one that is no longer true. */
  takeHook(event: FifoEvent, ticks: number): boolean
  /** Whether its calls to keepalived and to EC2 come to an end, good or bad. */
  isAlive(): boolean
  stop(): void
}

export type GenerationOptions = DaemonState & {
  readonly config: Config
  /** Undefined: it is to be found out who this node is. */
  readonly node: Node | undefined
  readonly clock: Clock
  readonly log: Log
  /** Whether to go on without the FIFO, and to try again, where it cannot be read for that reason. */
  readonly mayWait: (error: unknown) => boolean
  /** Called when it is found out who this node is, and whenever it could not be. */
  readonly onChange: () => void
  /** Called when credentials that were refused have been fetched anew. */
  readonly onRenewal: () => void
}

/** @throws Failure where the FIFO cannot be read, and that may not be waited for */
export function startGeneration(options: GenerationOptions): Generation {
  const { config, clock, log, transitionHooks, mayWait, onChange, onRenewal } = options
  const stopped = new AbortController()
  const work = createHangDetector(clock)
  let acting: Acting | undefined
  let trouble: string | undefined
  let drills: WarmUp | undefined
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const listener: Listener = listen({
    ...{ config, clock, log, work, mayWait },
    deliver: (name, input) => acting?.agents.get(name)?.deliver(input),
    lastPriority: (name) => acting?.agents.get(name)?.state.self.priority,
  })
  transitionHooks.prepare(config)

  function begin(first: Node): void {
    let node = first
    const doubts = watchIdentity({
      ...{ config, clock, log, signal: stopped.signal },
      identity: () => node,
      // What keepalived has said, and what each agent knows of the others, is as true as before.
      onChange(identity) {
        node = withIdentity(node, identity)
        acting = { node, agents }
        for (const agent of agents.values()) agent.deliver({ kind: 'identity', ...identity })
      },
    })
    drills = startWarmUp(first, () => ({ node, agents }))
    const agents: Acting['agents'] = startAgents({ ...options, node: () => node, doubts, work, drills })
    acting = { node, agents }
    trouble = undefined
    answer()
    for (const [name, heard] of listener.heard) {
      for (const input of retold(heard, clock.now())) agents.get(name)?.deliver(input)
    }
  }

  async function findOut(): Promise<void> {
    const { signal } = stopped
    function onTrouble(error: unknown): void {
      const hint = hintOf(error)
      trouble = hint === undefined ? messageOf(error) : `${messageOf(error)} (${hint})`
      answer()
      onChange()
    }
    const node = await openWithRetries(config, { clock, log, signal, onTrouble, onRenewal })
    begin(node)
    log.info({ eni: node.eni, region: node.ec2.region }, 'started')
    onChange()
  }

  if (options.node) begin(options.node)
  else findOut().catch(answer) // It was stopped.
  return {
    config,
    answered,
    acting: () => acting,
    trouble: () => trouble,
    takeHook: (event, ticks) => listener.takeHook(event, ticks, acting === undefined),
    isAlive: () => !work.hangs(),
    stop() {
      stopped.abort(new Failure('failed', 'the daemon was stopped'))
      listener.stop()
      drills?.stop()
      for (const agent of acting?.agents.values() ?? []) agent.stop()
    },
  }
}

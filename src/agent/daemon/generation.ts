/** One loaded config in action: keepalived's events, and the agents that act on them once this node's identity is known. */

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
import type { Names } from './names.ts'
import type { Acting } from './status.ts'
import { startWarmUp, type WarmUp } from './warm-up.ts'

export type Generation = {
  readonly config: Config
  /** Resolves when this node's identity is known, or what prevents that, and when stopped. */
  readonly answered: Promise<void>
  /** The node and its agents, once the node's identity is known. */
  acting(): Acting | undefined
  /** Why the identity could not be found so far. */
  trouble(): string | undefined
  /** Takes the event of a hook forked at `ticks`. Returns false if the event is outdated. */
  takeHook(event: FifoEvent, ticks: number): boolean
  /** Whether no call to keepalived or EC2 hangs. */
  isAlive(): boolean
  stop(): void
}

export type GenerationOptions = DaemonState & {
  readonly config: Config
  /** The node, if it is known already. */
  readonly node: Node | undefined
  readonly names: Names
  readonly clock: Clock
  readonly log: Log
  /** Whether to continue without the FIFO, and retry, after this error. */
  readonly mayWait: (error: unknown) => boolean
  /** Called when this node's identity is found, and after each failed attempt. */
  readonly onChange: () => void
  /** Called when refused credentials have been fetched again. */
  readonly onRenewal: () => void
}

/** @throws Failure if the FIFO cannot be read and `mayWait` says no */
export function startGeneration(options: GenerationOptions): Generation {
  const { config, clock, log, transitionHooks, mayWait, onChange, onRenewal } = options
  const stopped = new AbortController()
  const work = createHangDetector(clock)
  let acting: Acting | undefined
  let trouble: string | undefined
  let warmUp: WarmUp | undefined
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
    const identityWatch = watchIdentity({
      ...{ config, clock, log, signal: stopped.signal },
      identity: () => node,
      // keepalived's state, and what each agent knows about the other nodes, remain valid.
      onChange(identity) {
        node = withIdentity(node, identity)
        acting = { node, agents }
        const { eni, address } = identity
        for (const agent of agents.values()) agent.deliver({ kind: 'identity', eni, address })
      },
    })
    warmUp = startWarmUp(first, () => ({ node, agents }))
    const agents: Acting['agents'] = startAgents({ ...options, node: () => node, identityWatch, work, warmUp })
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
      warmUp?.stop()
      for (const agent of acting?.agents.values() ?? []) agent.stop()
    },
  }
}

/** A node's agents, one per VRRP instance of its config, and their ports. */

import { Agent } from '../agent.ts'
import { type Counts, countersOf } from '../counters.ts'
import { instancePorts } from '../node/instance-ports.ts'
import type { Node } from '../node/node.ts'
import type { InstanceReading } from '../node/reading.ts'
import { memoryOf, settingsOf } from '../node/start-state.ts'
import type { StateKeeper } from '../node/state-keeper.ts'
import type { TransitionHooks } from '../transition-hooks/daemon-hooks.ts'
import type { DaemonHistory } from './daemon-history.ts'
import type { HangDetector } from './hang-detector.ts'
import type { IdentityWatch } from './identity-watch.ts'
import type { Names } from './names.ts'
import type { WarmUp } from './warm-up.ts'

/** What outlives a generation of agents. */
export type DaemonState = {
  readonly stateDirectory: string
  readonly keeper: StateKeeper
  readonly counts: Counts
  readonly transitionHooks: TransitionHooks
  readonly history: DaemonHistory
}

/**
 * Each daemon picks its own interval, a random share of the configured one: below 1, so that what it finds is repaired
 * within the interval; random, so that an account's nodes do not keep reading in lockstep.
 */
const SHARE = { least: 0.94, most: 0.99 }

export type AgentsOptions = DaemonState & {
  /** The node as it is now: its interface may change. */
  readonly node: () => Node
  readonly names: Names
  readonly identityWatch: IdentityWatch
  readonly work: HangDetector
  readonly warmUp: WarmUp
}

export function startAgents(options: AgentsOptions): ReadonlyMap<string, Agent> {
  const { config } = options.node()
  const intervalMs = config.interval * (SHARE.least + (SHARE.most - SHARE.least) * Math.random())
  let isTelling = false
  /** The first agent to ask for a read tells the others, so that one read serves them all. */
  function tellOthers(reading: string): void {
    if (isTelling) return
    isTelling = true
    for (const [name, agent] of agents) if (name !== reading) agent.deliver({ kind: 'read-nearby' })
    isTelling = false
  }
  const agents: ReadonlyMap<string, Agent> = new Map(
    Object.keys(config.instances).map((name) => [name, startAgent(name, intervalMs, tellOthers, options)] as const),
  )
  return agents
}

function startAgent(
  name: string,
  intervalMs: number,
  onRead: (name: string) => void,
  { node, names, identityWatch, work, warmUp, stateDirectory, keeper, counts, transitionHooks, history }: AgentsOptions,
): Agent {
  const { config, eni, address, clock, log } = node()
  function portsOf(of: Node) {
    const onReading = (reading: InstanceReading) => {
      names.learn(reading, of.ec2)
      if (of === node()) identityWatch.look(reading)
    }
    return { of, ports: instancePorts(of, name, { stateDirectory, keeper, permit: () => {}, onReading }) }
  }
  let latest = portsOf(node())
  /** The ports for the node's current interface. */
  function current(): typeof latest {
    if (latest.of !== node()) latest = portsOf(node())
    return latest
  }

  return new Agent({
    instance: name,
    ...memoryOf(config, name, { eni, address, stateDirectory, clock }),
    settings: settingsOf(config, intervalMs),
    clock,
    log,
    counters: countersOf(counts, name),
    ports: {
      async read(signal) {
        const asked = current()
        if (!asked.of.reader.isAsked()) onRead(name)
        const reading = await work.follow(asked.ports.read(signal))
        // Routes are judged against our interface; if that changed during the read, the reading is about the wrong one.
        return asked.of === node() ? reading : this.read(signal)
      },
      async write(key, inEdge, signal) {
        try {
          return await current().ports.write(key, inEdge, signal)
        } catch (error) {
          throw identityWatch.about(error)
        }
      },
      async publish(claim, signal) {
        try {
          await work.follow(current().ports.publish(claim, signal))
        } catch (error) {
          throw claim.eni === node().eni ? identityWatch.about(error) : error
        }
      },
    },
    onStep(state, input) {
      transitionHooks.observe(config, name, state, input)
      warmUp.observe(name, state, input)
      history.observe(name, state, input)
    },
  })
}

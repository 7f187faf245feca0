/** The agents of one config, and what they hear from keepalived; a reload of the config begins another generation. */
import type { NodeState } from '../../core/claim.ts'
import type { HostDetails } from '../../core/detail.ts'
import { messageOf } from '../../errors.ts'
import { type FifoEvent, isMaster } from '../../keepalived/event.ts'
import { type Fifo, readFifo } from '../../keepalived/fifo.ts'
import { ticksNow } from '../../keepalived/journal.ts'
import type { ProbeResult } from '../../keepalived/probe.ts'
import { instancePorts } from '../instance-ports.ts'
import type { Node } from '../node.ts'
import type { Input } from '../protocol/state.ts'
import { memoryOf, settingsOf } from '../start-state.ts'
import type { UserHooks } from '../user-hooks/user-hooks.ts'
import { Agent } from './agent.ts'
import { type Counts, countersOf } from './counters.ts'
import { type Drills, startDrills } from './drills.ts'
import { type UnderWay, watchWork } from './under-way.ts'

export type Generation = {
  readonly agents: ReadonlyMap<string, Agent>
  /**
   * Takes the event of a hook that was forked at that moment (in ticks), unless the FIFO has told of this or a later one
   * since: hooks come late, and in any order. Returns false for an event that is no longer true.
   */
  takeHook(event: FifoEvent, ticks: number): boolean
  /** Whether its calls to keepalived and to EC2 come to an end, good or bad. */
  isAlive(): boolean
  stop(): void
}

/** What outlasts a generation. */
export type Lasting = {
  readonly stateDirectory: string
  readonly counts: Counts
  /** What is wrong on this host, whatever the VRRP instance. */
  readonly details: HostDetails
  readonly userHooks: UserHooks
}

/**
 * Between these parts of the config's interval is a daemon's own: so that what it finds is mended within the interval, and
 * so that the nodes of an account do not go on reading all at once.
 */
const SHARE = { least: 0.94, most: 0.99 }

/** @throws Failure where the FIFO cannot be read */
export function startGeneration(node: Node, lasting: Lasting): Generation {
  const { config, probe, clock, log } = node
  const work = watchWork(clock)
  lasting.userHooks.prepare(config)
  const drills = startDrills(node, () => agents)
  const intervalMs = config.interval * (SHARE.least + (SHARE.most - SHARE.least) * Math.random())
  const agents: ReadonlyMap<string, Agent> = new Map(
    Object.keys(config.instances).map(
      (name) => [name, startAgent({ node, name, intervalMs, lasting, work, drills, onRead: tellOthers })] as const,
    ),
  )
  let isTelling = false
  function tellOthers(reading: string): void {
    if (isTelling) return
    isTelling = true
    for (const [name, agent] of agents) if (name !== reading) agent.deliver({ kind: 'read-nearby' })
    isTelling = false
  }
  /** How many events each instance has had: an answer of keepalived may be older than an event that came meanwhile. */
  const heard = new Map<string, number>()
  /** When the FIFO told of each instance last, in ticks. */
  const toldAt = new Map<string, number>()

  function take(event: FifoEvent): void {
    const agent = agents.get(event.name)
    if (!agent) return
    heard.set(event.name, (heard.get(event.name) ?? 0) + 1)
    const { priority = config.instances[event.name]?.priority ?? agent.state.self.priority } = event
    agent.deliver(inputOf(event, priority))
  }

  function takeHook(event: FifoEvent, ticks: number): boolean {
    if (ticks > (toldAt.get(event.name) ?? -1)) {
      take(event)
      return true
    }
    const state = agents.get(event.name)?.state.self.state
    return state === (isMaster(event) ? 'MASTER' : event.state)
  }

  async function check(found: boolean): Promise<void> {
    const before = new Map(heard)
    const result = await work.follow(probe.read())
    for (const [name, agent] of agents) {
      if (heard.get(name) !== before.get(name)) continue
      const state = stateOf(result, name)
      if (!state) continue
      const priority = config.instances[name]?.priority ?? state.priority ?? agent.state.self.priority
      agent.deliver({ kind: 'state', state: state.state, priority, found })
    }
    if (result.kind === 'unknown') log.warn(`keepalived's state is not known: ${result.reason}`)
  }

  const look = (found: boolean) => {
    check(found).catch((error: unknown) => log.error(`keepalived could not be asked: ${messageOf(error)}`))
  }
  function openFifo() {
    return readFifo(config.keepalived.fifo, {
      onEvent(event) {
        take(event)
        toldAt.set(event.name, ticksNow())
      },
      onMalformed: (line) => log.error({ line }, 'keepalived wrote a line that is no event'),
      onGap(reason) {
        if (reason !== 'start') log.warn({ reason }, 'events may be missing: asking keepalived')
        look(true)
      },
    })
  }
  let fifo: Fifo
  try {
    fifo = openFifo()
  } catch (error) {
    drills.stop()
    for (const agent of agents.values()) agent.stop()
    throw error
  }
  const timer = setInterval(() => look(false), config.interval)
  return {
    agents,
    takeHook,
    isAlive: () => !work.hangs(),
    stop() {
      clearInterval(timer)
      fifo.close()
      drills.stop()
      for (const agent of agents.values()) agent.stop()
    },
  }
}

type AgentInput = {
  readonly node: Node
  readonly name: string
  readonly intervalMs: number
  readonly lasting: Lasting
  readonly work: UnderWay
  readonly drills: Drills
  /** Called with the name when the agent is the first to ask for a read. */
  readonly onRead: (name: string) => void
}

function startAgent({ node, name, intervalMs, lasting, work, drills, onRead }: AgentInput): Agent {
  const { stateDirectory, counts, userHooks } = lasting
  const { config, eni, address, reader, clock, log } = node
  const ports = instancePorts(node, name, { stateDirectory, permit: () => {} })
  return new Agent({
    instance: name,
    ...memoryOf(config, name, { eni, address, stateDirectory, clock }),
    settings: settingsOf(config, intervalMs),
    clock,
    log,
    counters: countersOf(counts, name),
    ports: {
      async read(signal) {
        if (!reader.isAsked()) onRead(name)
        return work.follow(ports.read(signal))
      },
      write: ports.write,
      publish: (claim, signal) => work.follow(ports.publish(claim, signal)),
    },
    onStep(state, input) {
      userHooks.observe(config, name, state, input)
      drills.observe(name, state, input)
    },
  })
}

function inputOf({ state }: FifoEvent, priority: number | undefined): Input {
  switch (state) {
    case 'MASTER_RX_LOWER_PRI':
      return { kind: 'rx-lower-pri', priority }
    case 'MASTER_PRIORITY':
      return { kind: 'state', state: 'MASTER', priority, found: false }
    case 'BACKUP_PRIORITY':
      return { kind: 'state', state: 'BACKUP', priority, found: false }
    case 'MASTER':
    case 'BACKUP':
    case 'FAULT':
    case 'STOP':
    case 'DELETED':
      return { kind: 'state', state, priority, found: false }
  }
}

/** What the answer says of the instance or group; undefined: nothing, and it may be as it was. */
export function stateOf(
  result: ProbeResult,
  name: string,
): { state: NodeState; priority: number | undefined } | undefined {
  switch (result.kind) {
    case 'running': {
      const status = result.instances.get(name) ?? result.groups.get(name)
      if (!status || status.state === 'UNKNOWN') return undefined
      return { state: status.state, priority: status.effectivePriority }
    }
    // Whatever the last event said: a node without keepalived is no master.
    case 'not-running':
      return { state: 'STOP', priority: undefined }
    case 'unknown':
      return undefined
  }
}

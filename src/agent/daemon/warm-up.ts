/** Keeps ready what an edge into MASTER needs: compiled code and open connections. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openInMemoryEc2 } from '../../adapters/ec2/transport/in-memory-ec2.ts'
import type { Input } from '../../core/protocol/inputs-and-effects.ts'
import { defaultSettings, type ProtocolState } from '../../core/protocol/state.ts'
import { routeKeyText } from '../../core/route.ts'
import type { Log } from '../../platform/log.ts'
import { Agent } from '../agent.ts'
import { countersOf } from '../counters.ts'
import type { Node } from '../node/node.ts'
import { writeRouteWithRetries } from '../node/route-port.ts'
import type { Acting } from './status.ts'

/** Enough for V8 to have compiled most of the code. */
const FIRST_EDGES = 30
/** EC2 does not let more writes than this through at once. */
const MOST_CONNECTIONS = 50
/** Calls made alongside the writes: the claim, and the two reads. */
const OTHER_CALLS = 3

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }

export type WarmUp = {
  /** To be called after each step of an agent. */
  observe(name: string, state: ProtocolState, input: Input): void
  stop(): void
}

/**
 * After each good read by an agent that is not MASTER, runs an edge of a throw-away agent, whose writes are answered from
 * memory. While any agent is BACKUP, a connection is kept open for each of its routes.
 */
export function startWarmUp({ ec2, clock }: Node, live: () => Acting): WarmUp {
  const inMemory = openInMemoryEc2(ec2, clock)
  const agents = () => live().agents
  const stopped = new AbortController()
  let isRunning = false
  let edges = 0

  async function run(name: string): Promise<void> {
    if (isRunning) return
    isRunning = true
    do {
      await edge(name)
      edges += 1
      await nextTurn()
    } while (edges < FIRST_EDGES && !stopped.signal.aborted && !isUrgent())
    isRunning = false
    if (!stopped.signal.aborted && !isUrgent()) keepReady()
  }

  const isUrgent = () => [...agents().values()].some(({ state }) => state.edge !== undefined)

  function keepReady(): void {
    const backups = [...agents().values()].filter(({ state }) => state.self.state === 'BACKUP')
    const routes = backups.reduce((sum, { state }) => sum + state.keys.length - state.foreign.length, 0)
    inMemory.keepReady(routes === 0 ? 0 : Math.min(MOST_CONNECTIONS, routes + OTHER_CALLS))
  }

  /** Resolves when the write is answered or no longer wanted. */
  function edge(name: string): Promise<void> {
    const { config, eni, address } = live().node
    const { keys = [], foreign = [] } = agents().get(name)?.state ?? {}
    const key = keys.find((each) => !foreign.includes(routeKeyText(each)))
    if (!key) return Promise.resolve()
    return new Promise((resolve) => {
      const context = { permit: () => {}, clock, log: SILENT }
      const agent: Agent = new Agent({
        ...{ instance: name, eni, address, keys: [key], clock, log: SILENT },
        settings: defaultSettings(config.interval),
        counters: countersOf(new Map(), name),
        ports: {
          read: () => new Promise(() => {}),
          write: (each, _inEdge, signal) =>
            writeRouteWithRetries(inMemory.ec2, each, eni, false, 'edge', { ...context, signal }),
          publish: async () => {},
        },
        onStep: (_state, { kind }) => kind === 'written' && end(),
      })
      const end = () => {
        stopped.signal.removeEventListener('abort', end)
        agent.stop()
        resolve()
      }
      stopped.signal.addEventListener('abort', end)
      agent.deliver({ kind: 'state', state: 'MASTER', priority: 100, found: false })
    })
  }

  return {
    observe(name, { self, edge: begun }, input) {
      if (input.kind !== 'read' || !input.reading || begun) return
      if (self.state === 'MASTER') keepReady()
      else void run(name)
    },
    stop() {
      stopped.abort()
      inMemory.keepReady(0)
    },
  }
}

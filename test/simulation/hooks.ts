/**
 * The hooks that keepalived runs on simulated nodes, each a process of its own: late, crossing each other, and at work for
 * as long as the real ones. What they decide by is the real code; files, sockets and signals are a model.
 */

import type { EventState } from '../../src/adapters/keepalived/event.ts'
import { judgeHook } from '../../src/agent/daemon/keepalived-history.ts'
import { inputOf } from '../../src/agent/keepalived-input.ts'
import {
  isCoalesced,
  type JournalEntry,
  newestOf,
  outdated,
  supersederOf,
  TICKS_PER_SECOND,
} from '../../src/agent/node/event-order.ts'
import { pinOnStart } from '../../src/agent/node/start-state.ts'
import { earlierEdges, isOver, LONGEST_PUBLISH, timeFor } from '../../src/agent/notify/event-life.ts'
import { initialState } from '../../src/core/protocol/state.ts'
import type { World } from './world.ts'
import type { Actor, HookDelays, HookEvent, Watch, WorldNode } from './world-node.ts'

const BOOT = 'b0-0'
const DELAYS: HookDelays = { start: 100, load: 50 }

export class Hooks {
  readonly #world: World
  readonly #watch: Watch
  /** When the FIFO told each node's daemon of an event last, in ticks. */
  readonly #toldAt = new Map<WorldNode, number>()
  /** When each hook began to act. */
  readonly #begunAt = new Map<Actor, number>()
  #lastPid = 0
  /** How many acted themselves. */
  acted = 0

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  toldByFifo(node: WorldNode): void {
    this.#toldAt.set(node, this.#ticks())
  }

  /** keepalived runs a hook, and forgets it. */
  fork(node: WorldNode, state: EventState, delays: HookDelays | undefined = this.#watch.hookDelays?.(node)): void {
    if (!node.ways.hooks) return
    this.#lastPid += 1
    const priority = state === 'MASTER_RX_LOWER_PRI' ? undefined : node.priority
    const moment = { boot: BOOT, ticks: this.#ticks(), pid: this.#lastPid }
    const event: HookEvent = { state, priority, moment, forkedAt: this.#world.now }
    const hook: Actor = {
      ...{ name: `${node.name}'s hook`, node, event, protocol: undefined },
      ...{ life: 0, writeEpoch: 0, isRefused: false },
    }
    node.hooks.add(hook)
    const { start, load } = delays ?? DELAYS
    this.#while(hook, start, () => this.#handOver(hook, event, load))
  }

  /** Their processes end at once; what they have sent is on its way all the same. */
  killAll(node: WorldNode): void {
    for (const hook of node.hooks) this.#exit(hook)
  }

  /** Whether the hook is over now. */
  look(hook: Actor): void {
    const { event, protocol, isRefused } = hook
    const begunAt = this.#begunAt.get(hook)
    if (!event || !protocol || begunAt === undefined) return
    if (!isOver(protocol, begunAt, this.#world.now, { read: false, publish: isRefused })) return
    this.#watch.finished?.(hook, protocol)
    this.#close(hook, event)
  }

  /** Puts the event on record, and offers it to the daemon. */
  #handOver(hook: Actor, event: HookEvent, load: number): void {
    const { node } = hook
    const { state, moment } = event
    const isAtWork = ({ pid }: JournalEntry) => [...node.hooks].some((each) => each.event?.moment.pid === pid)
    const isProof = state === 'MASTER_RX_LOWER_PRI'
    if (isProof && isCoalesced(newestOf(node.journal, BOOT), moment, isAtWork)) {
      this.#exit(hook)
      return
    }
    this.#record(node, event)
    if (supersederOf(node.journal, moment) || this.#isTaken(node, event)) this.#exit(hook)
    else this.#while(hook, load, () => this.#act(hook, event))
  }

  /** Every hook that this supersedes is told at once: it watches the record. */
  #record(node: WorldNode, event: HookEvent): void {
    const entries = [...node.journal, { ...event.moment, state: event.state, isDone: false }]
    const forgotten = outdated(entries, BOOT)
    node.journal = entries.filter((entry) => !forgotten.includes(entry))
    this.#watch.recorded?.(node, event)
    for (const other of node.hooks) {
      if (!other.event || !other.protocol || !supersederOf(node.journal, other.event.moment)) continue
      this.#world.log(`${other.name} for ${other.event.state} is superseded`)
      this.#close(other, other.event)
    }
  }

  /** Whether the daemon takes the event, or knows better. */
  #isTaken({ daemon }: WorldNode, { state, priority, moment }: HookEvent): boolean {
    if (!daemon.protocol) return false
    const event = { type: 'INSTANCE', name: 'VI_1', state, priority } as const
    const verdict = judgeHook(event, moment.ticks, this.#toldAt.get(daemon.node), daemon.protocol.self.state)
    if (verdict === 'news') this.#world.deliver(daemon, inputOf(event, priority ?? daemon.protocol.self.priority))
    return true
  }

  #act(hook: Actor, event: HookEvent): void {
    const { node } = hook
    const { now } = this.#world
    const { state, priority, moment, forkedAt } = event
    const time = timeFor(state, now - forkedAt)
    if (supersederOf(node.journal, moment) || time === 0) {
      this.#close(hook, event)
      return
    }
    const clock = this.#world.clock(node)
    const memory = {
      ...{ eni: node.eni, address: '', keys: node.kept?.keys ?? [], foreign: node.kept?.foreign ?? [] },
      ...{ pin: pinOnStart(node.kept?.pin, clock.wall), edges: earlierEdges(node.journal, moment, now) },
    }
    hook.protocol = initialState(this.#world.settings, memory, clock)
    this.acted += 1
    this.#begunAt.set(hook, now)
    this.#watch.begun?.(hook)
    this.#while(hook, LONGEST_PUBLISH, () => this.look(hook))
    this.#while(hook, time, () => this.#close(hook, event))
    this.#world.deliver(hook, inputOf({ type: 'INSTANCE', name: 'VI_1', state, priority }, priority))
  }

  /** It has done what it can. */
  #close(hook: Actor, { state, moment }: HookEvent): void {
    if (state !== 'MASTER_RX_LOWER_PRI') {
      const close = (entry: JournalEntry) => (entry.pid === moment.pid ? { ...entry, isDone: true } : entry)
      hook.node.journal = hook.node.journal.map(close)
    }
    this.#exit(hook)
  }

  #exit(hook: Actor): void {
    this.#world.end(hook)
    this.#begunAt.delete(hook)
    hook.node.hooks.delete(hook)
  }

  /** After so much time, if its process still runs. */
  #while(hook: Actor, ms: number, run: () => void): void {
    this.#world.whenRunning(hook.node, ms, () => {
      if (hook.node.hooks.has(hook)) run()
    })
  }

  #ticks(): number {
    return Math.floor((this.#world.now * TICKS_PER_SECOND) / 1000)
  }
}

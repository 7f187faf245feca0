/** One VRRP instance on this node: the protocol, performed. */

import { isThrottle, serviceOf } from '../adapters/ec2/errors.ts'
import { type Decision, isNews } from '../core/decide.ts'
import { newDetails } from '../core/detail.ts'
import type { Cause, Effect, Input, Reading } from '../core/protocol/inputs-and-effects.ts'
import { step, wakeAt } from '../core/protocol/protocol.ts'
import { initialState, type Memory, type ProtocolSettings, type ProtocolState } from '../core/protocol/state.ts'
import { type RouteKey, routeKeyText } from '../core/route.ts'
import { type Clock, UNWANTED } from '../platform/clock.ts'
import { hintOf, messageOf } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import { type Counters, countStep } from './counters.ts'

/** What an agent needs from the outside world. */
export type AgentPorts = {
  /** Rejects if the routes cannot be read. */
  read(signal: AbortSignal): Promise<Reading | RoutesAlone>
  /** Retries until the write is accepted, refused or aborted. `inEdge`: ahead of all other waiting writes. */
  write(key: RouteKey, inEdge: boolean, signal: AbortSignal): Promise<unknown>
  publish(claim: ProtocolState['self'], signal: AbortSignal): Promise<void>
}

/** The routes alone, and why the claims could not be read. */
export type RoutesAlone = Pick<Reading, 'routes'> & { readonly error: unknown }

export type AgentOptions = Memory & {
  readonly instance: string
  readonly settings: ProtocolSettings
  readonly ports: AgentPorts
  readonly clock: Clock
  readonly log: Log
  /** Incremented in place. */
  readonly counters: Counters
  /** Called after every step, once its effects are under way. */
  readonly onStep?: (state: ProtocolState, input: Input) => void
}

export class Agent {
  readonly #options: AgentOptions
  readonly #stopped = new AbortController()
  #state: ProtocolState
  #writes = new AbortController()
  #lastPublish = Promise.resolve()
  /** When it fires, and how to cancel it. */
  #timer: { readonly at: number; readonly over: AbortController } | undefined

  constructor(options: AgentOptions) {
    this.#options = options
    this.#state = initialState(options.settings, options, this.#now())
  }

  get state(): Readonly<ProtocolState> {
    return this.#state
  }

  /** Performs a step for the input; its effects are under way when this returns. */
  deliver(input: Input): void {
    if (this.#stopped.signal.aborted) return
    const before = this.#state
    const { state, effects } = step(before, input, this.#now())
    countStep(this.#options.counters, before, state)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    this.#logTransition(before, input)
    this.#logDecision(before.decision)
    this.#logDetails(before)
    this.#setTimer()
    this.#options.onStep?.(state, input)
  }

  /** Cancels everything in flight. */
  stop(): void {
    this.#stopped.abort(new Error('the agent was stopped'))
    this.#writes.abort(this.#stopped.signal.reason)
    this.#timer?.over.abort(UNWANTED)
  }

  #now() {
    return { monotonic: this.#options.clock.now(), wall: this.#options.clock.wall() }
  }

  /** Says what changed this node's state, if that is known. */
  #logTransition({ self: { state: from } }: ProtocolState, input: Input): void {
    const { state: to } = this.#state.self
    const cause = 'cause' in input ? input.cause : undefined
    if (to === from || cause === undefined) return
    const { instance, log } = this.#options
    later(() => log.info({ instance, from, to, cause }, `${instance}: ${from} → ${to} (${CAUSE_TEXTS[cause]})`))
  }

  #logDecision(before: Decision | undefined): void {
    const { decision } = this.#state
    if (!decision || !isNews(decision, before)) return
    const { instance, log } = this.#options
    const { condition, action, intended, reason } = decision
    later(() => log.info({ instance, condition, action, intended }, `${instance} ${condition}: ${reason}`))
  }

  #logDetails(before: ProtocolState): void {
    const { instance, log } = this.#options
    for (const { kind, message, hint } of newDetails(before.details, this.#state.details)) {
      later(() => log.warn({ instance, detail: kind, hint }, message))
    }
  }

  #perform(effect: Effect): void {
    const { ports, instance, log } = this.#options
    switch (effect.kind) {
      case 'read':
        void ports.read(this.#stopped.signal).then(
          (reading) => {
            if ('error' in reading) this.#readFailed(reading.error, reading.routes)
            else this.deliver({ kind: 'read', reading })
          },
          (error: unknown) => this.#readFailed(error, undefined),
        )
        break
      case 'write':
        for (const key of effect.keys) void this.#write(key, effect.inEdge, this.#writes.signal)
        later(() => log.info({ instance, routes: effect.keys.map(routeKeyText) }, `writing: ${effect.reason}`))
        break
      case 'abort':
        this.#writes.abort(UNWANTED)
        this.#writes = new AbortController()
        break
      case 'publish':
        this.#lastPublish = this.#publish(effect.claim)
        break
      case 'withdraw':
        void this.#withdraw(effect.claim, this.#lastPublish)
        break
    }
  }

  #readFailed(error: unknown, routes: Reading['routes'] | undefined): void {
    if (this.#stopped.signal.aborted) return
    const { instance, log, counters } = this.#options
    counters.readsFailed += 1
    const unread = serviceOf(error)
    log.warn({ instance, hint: hintOf(error) }, `${unread} could not be read: ${messageOf(error)}`)
    this.deliver({ kind: 'read', reading: undefined, routes, unread, throttled: isThrottle(error) })
  }

  async #write(key: RouteKey, inEdge: boolean, signal: AbortSignal): Promise<void> {
    const { ports, instance, log, counters } = this.#options
    try {
      const how = await ports.write(key, inEdge, signal)
      if (signal.aborted) return
      counters.writesAccepted += 1
      log.info({ instance, route: routeKeyText(key), how }, 'route accepted')
      this.deliver({ kind: 'written', key, accepted: true })
    } catch (error) {
      if (signal.aborted) return
      counters.writesFailed += 1
      log.error({ instance, route: routeKeyText(key), hint: hintOf(error) }, messageOf(error))
      this.deliver({ kind: 'written', key, accepted: false, why: messageOf(error) })
    }
  }

  async #publish(claim: ProtocolState['self']): Promise<void> {
    const { ports, instance, log, counters } = this.#options
    let acknowledged = true
    try {
      await ports.publish(claim, this.#stopped.signal)
      if (this.#state.mute) log.info({ instance }, 'the others can see this node’s claim again')
    } catch (error) {
      acknowledged = false
      if (!this.#stopped.signal.aborted) {
        counters.publishesFailed += 1
        // Publishing is retried over and over: logging it once is enough.
        const level = this.#state.mute ? 'debug' : 'error'
        log[level]({ instance, hint: hintOf(error) }, `the others cannot see this node's claim: ${messageOf(error)}`)
      }
    }
    this.deliver({ kind: 'published', beat: claim.beat, acknowledged })
  }

  /** @param last that interface's last publish, which must not arrive after this one */
  async #withdraw(claim: ProtocolState['self'], last: Promise<void>): Promise<void> {
    const { ports, instance, log } = this.#options
    await last
    try {
      await ports.publish(claim, this.#stopped.signal)
      log.info({ instance }, `withdrew the claim of ${claim.eni}`)
    } catch (error) {
      // Usually the interface is gone, and the claim with it; otherwise the claim expires.
      if (!this.#stopped.signal.aborted)
        log.info({ instance }, `cannot withdraw the claim of ${claim.eni}: ${messageOf(error)}`)
    }
  }

  #setTimer(): void {
    const { clock } = this.#options
    const at = wakeAt(this.#state)
    // Most steps do not change it, and a daemon with hundreds of agents makes thousands of steps at once.
    if (this.#timer?.at === at) return
    this.#timer?.over.abort(UNWANTED)
    const over = new AbortController()
    this.#timer = { at, over }
    clock.sleep(Math.max(0, at - clock.now()), over.signal).then(
      () => {
        this.#timer = undefined
        this.deliver({ kind: 'wake' })
      },
      () => {}, // Set again, or stopped.
    )
  }
}

/** What brought a state, for people. */
const CAUSE_TEXTS: Readonly<Record<Cause, string>> = {
  fifo: 'keepalived’s FIFO',
  hook: 'keepalived’s hook',
  probe: 'keepalived, when asked',
  gone: 'keepalived does not run',
}

/** Logs once the effects are on the wire: a failover does not wait for logging. */
function later(log: () => void): void {
  setImmediate(log)
}

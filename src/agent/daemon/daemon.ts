/** The daemon: a generation of agents, a socket for hooks and operators, and what the service manager is told. */

import { eventText, parseEventArguments } from '../../adapters/keepalived/event.ts'
import { loadAndKeepConfig } from '../../config/kept-config.ts'
import type { Config } from '../../config/schema.ts'
import type { HostDetails } from '../../core/detail.ts'
import type { Clock } from '../../platform/clock.ts'
import { Failure, hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { prepareState } from '../../state/state-directory.ts'
import type { ControlRequest } from '../control/messages.ts'
import type { Counts } from '../counters.ts'
import { type JournalEntry, type Moment, supersederOf } from '../node/event-order.ts'
import { recordedEvents } from '../node/journal.ts'
import { type Node, openNode } from '../node/node.ts'
import type { CallContext } from '../node/route-port.ts'
import { createStateKeeper, type StateKeeper } from '../node/state-keeper.ts'
import { TransitionHooks } from '../transition-hooks/daemon-hooks.ts'
import { serveControl } from './control-server.ts'
import { type Generation, startGeneration } from './generation.ts'
import { watchStalls } from './stalls.ts'
import { type Acting, type Live, type Rejection, statusOf } from './status.ts'
import { type Supervision, superviseBySystemd } from './supervision.ts'

export type DaemonOptions = {
  readonly configPath: string
  readonly stateDirectory: string
  readonly clock: Clock
  readonly log: Log
}

/** A config at work. */
type Current = Pick<Live, 'loadedAt'> & { readonly generation: Generation }

/** From one try to serve hooks and operators to the next. Milliseconds. */
const SERVE_RETRY_MS = 3000

export class Daemon {
  readonly #options: DaemonOptions
  readonly #stopped = new AbortController()
  readonly #supervision: Supervision
  readonly #counts: Counts = new Map()
  readonly #details: HostDetails = new Map()
  readonly #transitionHooks: TransitionHooks
  readonly #keeper: StateKeeper
  readonly #keepConfig = (save: () => void) => this.#keeper.save('config', save)
  #endWatch = () => {}
  #started: Promise<void> = Promise.resolve()
  /** Ended by a newer reload. */
  #reload = new AbortController()
  #current: Current | undefined
  #rejected: Rejection | undefined
  #credentialRenewals = 0
  /** What the service manager was told last; undefined: nothing, since nothing was ready. */
  #told: string | undefined

  readonly #onRenewal = () => {
    this.#credentialRenewals += 1
  }

  constructor(options: DaemonOptions) {
    this.#options = options
    this.#transitionHooks = new TransitionHooks({ ...options, counts: this.#counts })
    this.#keeper = createStateKeeper(options.stateDirectory, options.log, (trouble) => {
      if (trouble) this.#details.set('state-not-saved', { kind: 'state-not-saved', ...trouble })
      else this.#details.delete('state-not-saved')
    })
    this.#supervision = superviseBySystemd(() => this.#current?.generation.isAlive() ?? false, options.log)
  }

  /**
   * Starts. Whatever else is wrong is said, and waited out: the promise resolves as soon as it is known who this node is, or
   * what stands in the way.
   * @throws Failure for a config that is wrong; `refused` where another daemon has the socket or the FIFO; when it is stopped
   */
  start(): Promise<void> {
    this.#started = this.#start(this.#stopped.signal)
    return this.#started
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { configPath, stateDirectory, clock, log } = this.#options
    this.#keeper.save('its directory', () => {
      if (prepareState(stateDirectory)) log.warn(`others could write to ${stateDirectory}: from now on, only root may`)
    })
    const config = await loadAndKeepConfig(configPath, stateDirectory, this.#keepConfig)
    this.#endWatch = watchStalls(clock, log)
    await this.#serve(config.control, signal)
    await this.#adopt(config, undefined, (error) => !isAnothers(error))
    signal.throwIfAborted()
    await this.#ready()
  }

  /**
   * Takes the config file as it is now, once the start is over; one that is wrong leaves everything as it was. A newer
   * reload ends one that still waits for EC2.
   * @throws Failure when the daemon does not start
   */
  async reload(): Promise<void> {
    const { configPath, log } = this.#options
    this.#reload.abort(new Failure('superseded', 'the config is loaded anew'))
    this.#reload = new AbortController()
    const signal = AbortSignal.any([this.#stopped.signal, this.#reload.signal])
    await this.#started
    if (signal.aborted) return
    await this.#supervision.reloading()
    try {
      const config = await this.#loadAnew()
      // Who does not act yet has nothing to lose.
      const node = this.#current?.generation.acting() ? await openNode(config, this.#callContext(signal)) : undefined
      await this.#adopt(config, node, () => false)
      signal.throwIfAborted()
      log.info({ config: configPath }, 'reloaded')
    } catch (error) {
      if (signal.aborted) return
      this.#reject(error)
    }
    await this.#ready()
  }

  /** Ends all that is under way. What is on disk is whole: every file of it was renamed into place. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Failure('failed', 'the daemon was stopped'))
    this.#endWatch()
    this.#current?.generation.stop()
    this.#current = undefined
    await Promise.all([this.#supervision.stopping(), this.#transitionHooks.stop()])
  }

  /** @throws Failure also for what only a restart can change */
  async #loadAnew(): Promise<Config> {
    const config = await loadAndKeepConfig(this.#options.configPath, this.#options.stateDirectory, this.#keepConfig)
    const control = this.#current?.generation.config.control
    if (config.control === control) return config
    throw new Failure('config', `control cannot change on a reload: it is ${control}, and would be ${config.control}`, {
      hint: 'systemctl restart vip-switch',
    })
  }

  /** @throws Failure where another daemon answers there; anything else is tried again */
  async #serve(control: string, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    try {
      await serveControl(control, (request) => this.#answer(request), signal)
    } catch (error) {
      signal.throwIfAborted()
      if (isAnothers(error)) throw error
      log.error({ hint: hintOf(error) }, `neither hooks nor operators can ask the daemon: ${messageOf(error)}`)
      const again = clock.sleep(SERVE_RETRY_MS, signal).then(() => this.#serve(control, signal))
      again.catch((reason: unknown) => signal.aborted || log.error({ hint: hintOf(reason) }, messageOf(reason)))
    }
  }

  /**
   * One generation reads the FIFO at a time; where the next cannot, the one before goes on. Resolves when something is known
   * of the new one.
   */
  async #adopt(config: Config, node: Node | undefined, mayWait: (error: unknown) => boolean): Promise<void> {
    const { clock } = this.#options
    this.#stopped.signal.throwIfAborted()
    const before = this.#current
    before?.generation.stop()
    this.#current = undefined
    try {
      this.#current = { generation: this.#generation(config, node, mayWait), loadedAt: clock.wall() }
    } catch (error) {
      if (before) {
        const { config: old, acting } = before.generation
        this.#current = { ...before, generation: this.#generation(old, acting()?.node, () => true) }
      }
      throw error
    }
    this.#rejected = undefined
    await this.#current.generation.answered
  }

  #generation(config: Config, node: Node | undefined, mayWait: (error: unknown) => boolean): Generation {
    const { stateDirectory, clock, log } = this.#options
    const onChange = () => void this.#tellStatus()
    const lasting = {
      stateDirectory,
      keeper: this.#keeper,
      counts: this.#counts,
      transitionHooks: this.#transitionHooks,
    }
    return startGeneration({ ...lasting, config, node, clock, log, mayWait, onChange, onRenewal: this.#onRenewal })
  }

  #reject(error: unknown): void {
    const { clock, log } = this.#options
    const reason = messageOf(error)
    this.#rejected = { reason, since: this.#rejected?.since ?? clock.wall() }
    log.error({ hint: hintOf(error) }, `the config stays as it was: ${reason}`)
  }

  #callContext(signal: AbortSignal): CallContext {
    const { clock, log } = this.#options
    return { permit: () => {}, signal, clock, log, onRenewal: this.#onRenewal }
  }

  #summary(): string {
    const { generation } = this.#current ?? {}
    const instances = Object.keys(generation?.config.instances ?? {}).join(', ')
    const trouble = generation?.trouble()
    return [
      instances,
      ...(trouble === undefined ? [] : [`waiting: ${trouble}`]),
      ...(this.#rejected ? [`config rejected: ${this.#rejected.reason}`] : []),
    ].join('; ')
  }

  /** Of a daemon that has said that it is ready; what it has told already is not told again. */
  async #tellStatus(): Promise<void> {
    const summary = this.#summary()
    if (this.#told === undefined || this.#told === summary) return
    this.#told = summary
    await this.#supervision.status(summary)
  }

  async #ready(): Promise<void> {
    this.#told = this.#summary()
    await this.#supervision.ready(this.#told)
  }

  #answer(request: ControlRequest): unknown {
    if (!this.#current) throw new Error('the daemon is still starting')
    const { generation, loadedAt } = this.#current
    switch (request.ask) {
      case 'event':
        return this.#take(generation, request)
      case 'status':
        return statusOf(
          { ...actingOf(generation), details: this.#details.values(), loadedAt },
          this.#counts,
          this.#rejected,
          this.#credentialRenewals,
        )
    }
  }

  /** A hook's event, unless a newer one of its instance is recorded or known: hooks arrive in any order. */
  #take(generation: Generation, { values, moment }: Extract<ControlRequest, { ask: 'event' }>): string {
    const event = parseEventArguments(values)
    if (!Object.hasOwn(generation.config.instances, event.name))
      throw new Error(`no VRRP instance ${event.name} in the daemon's config`)
    if (supersederOf(this.#recordedEvents(event.name, moment), moment)) return 'superseded'
    if (!generation.takeHook(event, moment.ticks)) return 'superseded'
    actingOf(generation)
    this.#options.log.info({ event }, `${eventText(event)}, by a hook`)
    return 'taken'
  }

  /** None also if the record cannot be read: then nothing contradicts the hook. */
  #recordedEvents(instance: string, known: Moment): readonly JournalEntry[] {
    const { stateDirectory, log } = this.#options
    try {
      return recordedEvents(stateDirectory, instance, known, (text) => log.warn(text))
    } catch (error) {
      log.warn(`what hooks have recorded cannot be read: ${messageOf(error)}`)
      return []
    }
  }
}

/** @throws Failure as long as this node does not know who it is */
function actingOf(generation: Generation): Acting {
  const acting = generation.acting()
  if (acting) return acting
  const why = generation.trouble() ?? 'it has only just begun to ask'
  throw new Failure('failed', `the daemon does not know yet who this node is: ${why}`)
}

/** Two daemons on one host would be two nodes with one name: the other one is to go on, and this one to end. */
function isAnothers(error: unknown): boolean {
  return error instanceof Failure && error.kind === 'refused'
}

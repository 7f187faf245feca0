/** The daemon: a generation of agents, the control socket, and notifications to the service manager. */

import { eventText, parseEventArguments } from '../../adapters/keepalived/event.ts'
import { inRegion } from '../../config/in-region.ts'
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
import { explainingLog } from '../node/explaining-log.ts'
import { recordedEvents } from '../node/journal.ts'
import { type Node, openNode } from '../node/node.ts'
import type { CallContext } from '../node/route-port.ts'
import { createStateKeeper, type StateKeeper } from '../node/state-keeper.ts'
import { TransitionHooks } from '../transition-hooks/daemon-hooks.ts'
import { serveControl } from './control-server.ts'
import { createDaemonHistory, type DaemonHistory } from './daemon-history.ts'
import { type Generation, startGeneration } from './generation.ts'
import { createNames, type Names } from './names.ts'
import { watchStalls } from './stalls.ts'
import { type Acting, type Live, type Rejection, statusOf } from './status.ts'
import { type Supervision, superviseBySystemd } from './supervision.ts'

export type DaemonOptions = {
  readonly configPath: string
  /** Overrides the config's. */
  readonly region?: string | undefined
  readonly stateDirectory: string
  readonly historyDirectory: string
  readonly clock: Clock
  readonly log: Log
}

/** The live config and its agents. */
type Current = Pick<Live, 'loadedAt'> & { readonly generation: Generation }

/** Milliseconds between attempts to serve the control socket. */
const SERVE_RETRY_MS = 3000

export class Daemon {
  readonly #options: DaemonOptions
  readonly #stopped = new AbortController()
  readonly #supervision: Supervision
  readonly #counts: Counts = new Map()
  readonly #details: HostDetails = new Map()
  readonly #names: Names
  readonly #transitionHooks: TransitionHooks
  readonly #keeper: StateKeeper
  readonly #history: DaemonHistory
  readonly #keepConfig = (save: () => void) => this.#keeper.save('config', save)
  #endWatch = () => {}
  #started: Promise<void> = Promise.resolve()
  /** Aborted by a newer reload. */
  #reload = new AbortController()
  #current: Current | undefined
  #rejected: Rejection | undefined
  #credentialRenewals = 0
  /** The last status sent to the service manager, once the daemon has been ready. */
  #told: string | undefined

  readonly #onRenewal = () => {
    this.#credentialRenewals += 1
  }

  constructor(options: DaemonOptions) {
    this.#names = createNames(options.clock)
    this.#options = { ...options, log: explainingLog(options.log, this.#names.explain) }
    const { stateDirectory, log } = this.#options
    this.#transitionHooks = new TransitionHooks({ ...this.#options, counts: this.#counts })
    this.#keeper = createStateKeeper(stateDirectory, log, (trouble) => {
      if (trouble) this.#details.set('state-not-saved', { kind: 'state-not-saved', ...trouble })
      else this.#details.delete('state-not-saved')
    })
    this.#history = createDaemonHistory(this.#options)
    this.#supervision = superviseBySystemd(() => this.#current?.generation.isAlive() ?? false, log)
  }

  /**
   * Starts the daemon. Resolves as soon as this node's identity is known, or what prevents that; such problems are logged
   * and retried.
   * @throws Failure for an invalid config; `refused` if another daemon holds the socket or the FIFO; when stopped
   */
  start(): Promise<void> {
    this.#started = this.#start(this.#stopped.signal)
    return this.#started
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { stateDirectory, clock, log } = this.#options
    this.#history.prepare()
    this.#keeper.save('its directory', () => {
      if (prepareState(stateDirectory))
        log.warn(`${stateDirectory} was writable by other users; from now on only root can write to it`)
    })
    const config = await this.#load()
    this.#endWatch = watchStalls(clock, log)
    await this.#serve(config.control, signal)
    this.#history.tell('started')
    await this.#adopt(config, undefined, (error) => !isHeldByAnother(error))
    signal.throwIfAborted()
    await this.#ready()
  }

  /**
   * Reloads the config file once the daemon has started; an invalid one changes nothing. A newer reload cancels one that
   * still waits for EC2.
   * @throws Failure if the daemon fails to start
   */
  async reload(): Promise<void> {
    const { configPath, log } = this.#options
    this.#reload.abort(new Failure('superseded', 'a newer reload has begun'))
    this.#reload = new AbortController()
    const signal = AbortSignal.any([this.#stopped.signal, this.#reload.signal])
    await this.#started
    if (signal.aborted) return
    await this.#supervision.reloading()
    try {
      const config = await this.#loadForReload()
      // A generation that is not acting yet has nothing to lose.
      const node = this.#current?.generation.acting() ? await openNode(config, this.#callContext(signal)) : undefined
      await this.#adopt(config, node, () => false)
      signal.throwIfAborted()
      log.info({ config: configPath }, 'reloaded')
      this.#history.tell('reloaded')
    } catch (error) {
      if (signal.aborted) return
      this.#reject(error)
    }
    await this.#ready()
  }

  /** Stops everything in flight. Files on disk stay whole: each is renamed into place. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Failure('failed', 'the daemon was stopped'))
    this.#endWatch()
    this.#current?.generation.stop()
    this.#current = undefined
    await Promise.all([this.#supervision.stopping(), this.#transitionHooks.stop(), this.#history.end()])
  }

  /** @throws Failure for an invalid config */
  async #load(): Promise<Config> {
    const { configPath, stateDirectory, region } = this.#options
    return inRegion(await loadAndKeepConfig(configPath, stateDirectory, this.#keepConfig), region)
  }

  /** @throws Failure for an invalid config, or for changes that need a restart */
  async #loadForReload(): Promise<Config> {
    const config = await this.#load()
    const control = this.#current?.generation.config.control
    if (config.control === control) return config
    throw new Failure('config', `a reload cannot change control from ${control} to ${config.control}`, {
      hint: 'systemctl restart vip-switch',
    })
  }

  /** Retries on any other error. @throws Failure if another daemon answers there */
  async #serve(control: string, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    try {
      await serveControl(control, (request) => this.#answer(request), signal)
    } catch (error) {
      signal.throwIfAborted()
      if (isHeldByAnother(error)) throw error
      log.error({ hint: hintOf(error) }, `hooks and operators cannot reach the daemon: ${messageOf(error)}`)
      const again = clock.sleep(SERVE_RETRY_MS, signal).then(() => this.#serve(control, signal))
      again.catch((reason: unknown) => signal.aborted || log.error({ hint: hintOf(reason) }, messageOf(reason)))
    }
  }

  /**
   * Replaces the generation. Only one can read the FIFO at a time; if the new one cannot, the old one resumes. Resolves when
   * the new one's identity is known, or what prevents that.
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
      history: this.#history,
      names: this.#names,
    }
    return startGeneration({ ...lasting, config, node, clock, log, mayWait, onChange, onRenewal: this.#onRenewal })
  }

  #reject(error: unknown): void {
    const { clock, log } = this.#options
    const reason = messageOf(error)
    if (reason !== this.#rejected?.reason) this.#history.tell('rejected', reason)
    this.#rejected = { reason, since: this.#rejected?.since ?? clock.wall() }
    log.error({ hint: hintOf(error) }, `config rejected, keeping the previous one: ${reason}`)
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

  /** Sends the status if it has changed since the daemon was ready. */
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
          this.#names.seen(),
        )
    }
  }

  /** Takes a hook's event, unless a newer one for its instance is recorded or known: hooks arrive in any order. */
  #take(generation: Generation, { values, moment }: Extract<ControlRequest, { ask: 'event' }>): string {
    const event = parseEventArguments(values)
    if (!Object.hasOwn(generation.config.instances, event.name))
      throw new Error(`no VRRP instance ${event.name} in the daemon's config`)
    if (supersederOf(this.#recordedEvents(event.name, moment), moment)) return 'superseded'
    if (!generation.takeHook(event, moment.ticks)) return 'superseded'
    actingOf(generation)
    this.#options.log.info({ event }, `${eventText(event)}, from a hook`)
    return 'taken'
  }

  /** The recorded events; none if they cannot be read: then nothing contradicts the hook. */
  #recordedEvents(instance: string, known: Moment): readonly JournalEntry[] {
    const { stateDirectory, log } = this.#options
    try {
      return recordedEvents(stateDirectory, instance, known, (text) => log.warn(text))
    } catch (error) {
      log.warn(`cannot read the events that hooks have recorded: ${messageOf(error)}`)
      return []
    }
  }
}

/** @throws Failure until this node's identity is known */
function actingOf(generation: Generation): Acting {
  const acting = generation.acting()
  if (acting) return acting
  const why = generation.trouble() ?? 'it has only just begun to ask'
  throw new Failure('failed', `the daemon has not identified this node yet: ${why}`)
}

/** Two daemons on one host would be two nodes with one name: the other one keeps running, and this one ends. */
function isHeldByAnother(error: unknown): boolean {
  return error instanceof Failure && error.kind === 'refused'
}

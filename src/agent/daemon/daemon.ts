/** The daemon: a generation of agents, a socket for hooks and operators, and what the service manager is told. */
import type { Clock } from '../../clock.ts'
import { loadAndKeepConfig } from '../../config/kept-config.ts'
import type { Config } from '../../config/schema.ts'
import type { HostDetails } from '../../core/detail.ts'
import { Failure, hintOf, messageOf } from '../../errors.ts'
import { eventText, parseEventArguments } from '../../keepalived/event.ts'
import { isNewer, newestEvent } from '../../keepalived/journal.ts'
import type { Log } from '../../log.ts'
import { type Node, openNode } from '../node.ts'
import type { Wanted } from '../route-port.ts'
import { UserHooks } from '../user-hooks/user-hooks.ts'
import { type ControlRequest, serveControl } from './control.ts'
import type { Counts } from './counters.ts'
import { type Live, type Rejection, statusOf } from './daemon-status.ts'
import { type Generation, startGeneration } from './generation.ts'
import { type Supervision, superviseBySystemd } from './supervision.ts'

export type DaemonOptions = {
  readonly configPath: string
  readonly stateDirectory: string
  readonly clock: Clock
  readonly log: Log
}

/** A config at work. */
type Current = Pick<Live, 'node' | 'loadedAt'> & { readonly generation: Generation }

export class Daemon {
  readonly #options: DaemonOptions
  readonly #stopped = new AbortController()
  readonly #supervision: Supervision
  readonly #counts: Counts = new Map()
  readonly #details: HostDetails = new Map()
  readonly #userHooks: UserHooks
  #started: Promise<void> = Promise.resolve()
  /** Ended by a newer reload. */
  #reload = new AbortController()
  #current: Current | undefined
  #rejected: Rejection | undefined
  #credentialRenewals = 0

  constructor(options: DaemonOptions) {
    this.#options = options
    this.#userHooks = new UserHooks({ ...options, counts: this.#counts })
    this.#supervision = superviseBySystemd(() => this.#current?.generation.isAlive() ?? false, options.log)
  }

  /**
   * Starts, and goes on trying for as long as EC2 or IMDS cannot tell who this node is.
   * @throws Failure for a config that is wrong, a socket or a FIFO that is another's; when it is stopped meanwhile
   */
  start(): Promise<void> {
    this.#started = this.#start(this.#stopped.signal)
    return this.#started
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { configPath, stateDirectory, log } = this.#options
    const config = await loadAndKeepConfig(configPath, stateDirectory)
    await serveControl(config.control, (request) => this.#answer(request), signal)
    const node = await openNode(config, this.#wanted(signal))
    this.#adopt(node, signal)
    log.info({ eni: node.eni, region: node.ec2.region, config: configPath }, 'started')
    await this.#supervision.ready(this.#summary())
  }

  /**
   * Takes the config file as it is now, once the start is over; one that is wrong leaves everything as it was. A newer
   * reload ends one that still waits for EC2.
   * @throws Failure when the daemon does not start, or neither the new config nor the old one can be live any more
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
      this.#adopt(await openNode(await this.#loadAnew(), this.#wanted(signal)), signal)
      log.info({ config: configPath }, 'reloaded')
    } catch (error) {
      if (signal.aborted) return
      if (!this.#current) throw error
      this.#reject(error)
    }
    await this.#supervision.ready(this.#summary())
  }

  /** Ends all that is under way. What is on disk is whole: every file of it was renamed into place. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Failure('failed', 'the daemon was stopped'))
    this.#current?.generation.stop()
    this.#current = undefined
    await Promise.all([this.#supervision.stopping(), this.#userHooks.stop()])
  }

  /** @throws Failure also for what only a restart can change */
  async #loadAnew(): Promise<Config> {
    const config = await loadAndKeepConfig(this.#options.configPath, this.#options.stateDirectory)
    const control = this.#current?.node.config.control
    if (config.control === control) return config
    throw new Failure('config', `control cannot change on a reload: it is ${control}, and would be ${config.control}`, {
      hint: 'systemctl restart vip-switch',
    })
  }

  /** One generation reads the FIFO at a time; where the next cannot, the one before goes on. */
  #adopt(node: Node, signal: AbortSignal): void {
    signal.throwIfAborted()
    const before = this.#current
    before?.generation.stop()
    this.#current = undefined
    try {
      this.#current = { node, generation: this.#generation(node), loadedAt: this.#options.clock.wall() }
    } catch (error) {
      if (before) this.#current = { ...before, generation: this.#generation(before.node) }
      throw error
    }
    this.#rejected = undefined
  }

  #generation(node: Node): Generation {
    const { stateDirectory } = this.#options
    const lasting = { stateDirectory, counts: this.#counts, details: this.#details, userHooks: this.#userHooks }
    return startGeneration(node, lasting)
  }

  #reject(error: unknown): void {
    const { clock, log } = this.#options
    const reason = messageOf(error)
    this.#rejected = { reason, since: this.#rejected?.since ?? clock.wall() }
    log.error({ hint: hintOf(error) }, `the config stays as it was: ${reason}`)
  }

  #wanted(signal: AbortSignal): Wanted {
    const { clock, log } = this.#options
    const onRenewal = () => {
      this.#credentialRenewals += 1
    }
    return { permit: () => {}, signal, clock, log, onRenewal }
  }

  #summary(): string {
    const instances = [...(this.#current?.generation.agents.keys() ?? [])].join(', ')
    return this.#rejected ? `${instances}; config rejected: ${this.#rejected.reason}` : instances
  }

  #answer(request: ControlRequest): unknown {
    if (!this.#current) throw new Error('the daemon is still starting')
    const { generation, ...current } = this.#current
    switch (request.ask) {
      case 'event':
        return this.#take(generation, request)
      case 'status':
        return statusOf(
          { ...current, agents: generation.agents, details: this.#details.values() },
          this.#counts,
          this.#rejected,
          this.#credentialRenewals,
        )
    }
  }

  /** A hook's event, unless a newer one of its instance is recorded or known: hooks arrive in any order. */
  #take(generation: Generation, { values, moment }: Extract<ControlRequest, { ask: 'event' }>): string {
    const event = parseEventArguments(values)
    if (!generation.agents.has(event.name)) throw new Error(`no VRRP instance ${event.name} in the daemon's config`)
    const newest = newestEvent(this.#options.stateDirectory, event.name, moment.boot)
    if (newest && newest.state !== 'MASTER_RX_LOWER_PRI' && isNewer(newest, moment)) return 'superseded'
    if (!generation.takeHook(event, moment.ticks)) return 'superseded'
    this.#options.log.info({ event }, `${eventText(event)}, by a hook`)
    return 'taken'
  }
}

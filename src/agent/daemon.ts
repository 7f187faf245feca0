/** The daemon: a generation of agents, a socket for hooks and operators, and what the service manager is told. */
import type { Server } from 'node:net'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import { loadConfig } from '../config/load.ts'
import { Failure, messageOf } from '../errors.ts'
import { eventText, parseEventArguments } from '../keepalived/event.ts'
import { isNewer, newestEvent } from '../keepalived/journal.ts'
import { type ControlRequest, serveControl } from './control.ts'
import type { Counts } from './counters.ts'
import { statusOf } from './daemon-status.ts'
import { type Generation, startGeneration } from './generation.ts'
import { type Node, openNode } from './node.ts'
import { type Supervision, superviseBySystemd } from './supervision.ts'

export type DaemonOptions = {
  readonly configPath: string
  readonly stateDirectory: string
  readonly clock: Clock
  readonly log: Logger
}

export class Daemon {
  readonly #options: DaemonOptions
  readonly #stopped = new AbortController()
  readonly #supervision: Supervision
  readonly #counts: Counts = new Map()
  #node: Node | undefined
  #generation: Generation | undefined
  #control: Server | undefined
  /** Why the config file is not what is live; undefined: it is. */
  #rejected: string | undefined

  constructor(options: DaemonOptions) {
    this.#options = options
    this.#supervision = superviseBySystemd(() => this.#generation !== undefined, options.log)
  }

  /**
   * Starts, and goes on trying for as long as EC2 or IMDS cannot tell who this node is.
   * @throws Failure for a config that is wrong, a socket or a FIFO that is another's
   */
  async start(): Promise<void> {
    const { configPath, stateDirectory, log } = this.#options
    const config = loadConfig(configPath)
    this.#control = await serveControl(config.control, (request) => this.#answer(request))
    this.#node = await openNode(config, this.#wanted())
    this.#generation = startGeneration(this.#node, stateDirectory, this.#counts)
    log.info({ eni: this.#node.eni, region: this.#node.ec2.region, config: configPath }, 'started')
    await this.#supervision.ready(this.#summary())
  }

  /** Takes the config file as it is now; one that is wrong leaves everything as it was. */
  async reload(): Promise<void> {
    const { configPath, stateDirectory, log } = this.#options
    await this.#supervision.reloading()
    try {
      this.#replace(await openNode(loadConfig(configPath), this.#wanted()), stateDirectory)
      this.#rejected = undefined
      log.info({ config: configPath }, 'reloaded')
    } catch (error) {
      this.#rejected = messageOf(error)
      log.error(
        { hint: error instanceof Failure ? error.hint : undefined },
        `the config stays as it was: ${this.#rejected}`,
      )
    }
    await this.#supervision.ready(this.#summary())
  }

  /** One generation reads the FIFO at a time; where the next cannot, the one before goes on. */
  #replace(node: Node, stateDirectory: string): void {
    const before = this.#node
    this.#generation?.stop()
    try {
      this.#generation = startGeneration(node, stateDirectory, this.#counts)
      this.#node = node
    } catch (error) {
      if (before) this.#generation = startGeneration(before, stateDirectory, this.#counts)
      throw error
    }
  }

  /** Ends all that is under way. What is on disk is whole: every file of it was renamed into place. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Failure('failed', 'the daemon was stopped'))
    this.#generation?.stop()
    this.#generation = undefined
    this.#control?.close()
    this.#supervision.stop()
    await this.#supervision.stopping()
  }

  #wanted() {
    const { clock, log } = this.#options
    return { permit: () => {}, signal: this.#stopped.signal, clock, log }
  }

  #summary(): string {
    const instances = [...(this.#generation?.agents.keys() ?? [])].join(', ')
    return this.#rejected ? `${instances}; config rejected: ${this.#rejected}` : instances
  }

  #answer(request: ControlRequest): unknown {
    if (!this.#generation || !this.#node) throw new Error('the daemon is still starting')
    switch (request.ask) {
      case 'event':
        return this.#take(this.#generation, request)
      case 'status':
        return statusOf(this.#node, this.#generation.agents, this.#counts, this.#rejected)
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

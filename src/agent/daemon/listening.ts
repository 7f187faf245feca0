/**
 * Three sources for the state of this node's VRRP instances: keepalived's FIFO, its hooks, and its answers when asked: now
 * and then, after a gap in the FIFO, and at any sign of a change.
 */

import type { FifoEvent } from '../../adapters/keepalived/event.ts'
import { type Fifo, readFifo } from '../../adapters/keepalived/fifo.ts'
import type { Config } from '../../config/schema.ts'
import type { Cause, Input } from '../../core/protocol/inputs-and-effects.ts'
import { type Clock, UNWANTED } from '../../platform/clock.ts'
import { hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { inputOf, type KeepalivedInput } from '../keepalived-input.ts'
import { ticksNow } from '../node/journal.ts'
import { probeFor, stateOf } from '../node/keepalived-state.ts'
import type { HangDetector } from './hang-detector.ts'
import { addToHistory, judgeHook, type KeepalivedHistory } from './keepalived-history.ts'
import { createMissedEvents } from './missed-events.ts'
import { watchSigns } from './sign-watch.ts'

type StateInput = Extract<Input, { kind: 'state' }>

/** Milliseconds between questions: keepalived logs a line for each, and a FIFO may have any number of gaps. */
const ASKING_SPACING = 250
/** Milliseconds between attempts to open the FIFO. */
const FIFO_RETRY_MS = 3000

export type Listener = {
  /** By VRRP instance; only those heard of so far. */
  readonly heard: ReadonlyMap<string, KeepalivedHistory>
  /**
   * Takes the event of a hook forked at `ticks`, unless the FIFO has reported this or a later one since: hooks come late,
   * and in any order. Returns false if the event is outdated.
   * @param isActing whether the hook itself acts on the event
   */
  takeHook(event: FifoEvent, ticks: number, isActing: boolean): boolean
  stop(): void
}

export type ListenerOptions = {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly work: HangDetector
  /** Whether to continue without the FIFO, and retry, after this error. */
  readonly mayWait: (error: unknown) => boolean
  readonly deliver: (name: string, input: KeepalivedInput) => void
  /** The priority known to the instance's agent, if there is an agent. */
  readonly lastPriority: (name: string) => number | undefined
}

/** Listens until stopped. @throws Failure if the FIFO cannot be read and `mayWait` says no */
export function listen({ config, clock, log, work, mayWait, deliver, lastPriority }: ListenerOptions): Listener {
  const { fifo: path } = config.keepalived
  const names = Object.keys(config.instances)
  const probe = probeFor(config)
  const heard = new Map<string, KeepalivedHistory>()
  /** Events per instance: keepalived's answer may be older than an event that arrived meanwhile. */
  const events = new Map<string, number>()
  /** When the FIFO last reported on each instance, in ticks. */
  const toldAt = new Map<string, number>()

  function pass(name: string, input: KeepalivedInput, isActing = false): void {
    heard.set(name, addToHistory(heard.get(name), input, clock.now(), isActing))
    deliver(name, input)
  }

  /** keepalived does not give a priority with every event, and never for a sync group. */
  function priorityOf(name: string, told: number | undefined): number | undefined {
    return told ?? config.instances[name]?.priority ?? lastPriority(name) ?? heard.get(name)?.last.priority
  }

  function take(event: FifoEvent, cause: Cause, isActing = false): void {
    const { name } = event
    if (!names.includes(name)) return
    events.set(name, (events.get(name) ?? 0) + 1)
    pass(name, { ...inputOf(event, priorityOf(name, event.priority)), cause }, isActing)
  }

  function takeHook(event: FifoEvent, ticks: number, isActing: boolean): boolean {
    const verdict = judgeHook(event, ticks, toldAt.get(event.name), heard.get(event.name)?.last.state)
    if (verdict === 'news' || (verdict === 'known' && isActing)) take(event, 'hook', isActing)
    return verdict !== 'outdated'
  }

  async function ask(found: boolean): Promise<void> {
    const before = new Map(events)
    const settle = signs.ask()
    const result = await work.follow(probe.read())
    settle(result.kind === 'running' ? result.pid : undefined)
    const cause = result.kind === 'not-running' ? 'gone' : 'probe'
    for (const name of names) {
      const state = events.get(name) === before.get(name) ? stateOf(result, name) : undefined
      if (state) learn(name, { ...state, found, cause })
    }
    if (result.kind === 'unknown') log.warn(`keepalived's state is unknown: ${result.reason}`)
  }

  function learn(name: string, told: Omit<StateInput, 'kind'>): void {
    const { state, found } = told
    const last = heard.get(name)?.last.state
    const priority = config.instances[name]?.priority ?? priorityOf(name, told.priority)
    pass(name, { ...told, kind: 'state', priority })
    if (found || last === undefined || last === state) return
    missed.tell(name, state)
    signs.askAgain()
  }

  const missed = createMissedEvents(path, log)
  const signs = watchSigns(path, () => asker.ask(false))
  const asker = askInTurn(async (found) => {
    try {
      await ask(found)
    } catch (error) {
      log.error(`cannot ask keepalived: ${messageOf(error)}`)
    }
  }, clock)

  function openFifo(): Fifo {
    return readFifo(path, {
      onEvent(event) {
        take(event, 'fifo')
        toldAt.set(event.name, ticksNow())
      },
      onMalformed: (line) => log.error({ line }, 'keepalived wrote an unrecognised line'),
      onGap(reason) {
        if (reason !== 'start') log.warn({ reason }, 'events may have been missed: asking keepalived')
        asker.ask(true)
      },
    })
  }

  let fifo: Fifo | undefined
  let retry: NodeJS.Timeout | undefined
  function tryFifo(mayFail: (error: unknown) => boolean): void {
    try {
      fifo = openFifo()
    } catch (error) {
      if (!mayFail(error)) throw error
      log.error(
        { hint: hintOf(error) },
        `asking keepalived every ${config.interval / 1000} s until its events can be read: ${messageOf(error)}`,
      )
      retry = setTimeout(tryFifo, FIFO_RETRY_MS, () => true)
    }
  }
  tryFifo(mayWait)
  if (!fifo) asker.ask(true)
  const timer = setInterval(() => asker.ask(false), config.interval)
  return {
    heard,
    takeHook,
    stop() {
      clearInterval(timer)
      clearTimeout(retry)
      signs.stop()
      missed.stop()
      asker.stop()
      fifo?.close()
    },
  }
}

/** Asks one question at a time, at intervals; all that come in meanwhile become one question afterwards. */
function askInTurn(ask: (found: boolean) => Promise<void>, clock: Clock) {
  const stopped = new AbortController()
  /** The next question, if there is one. `found`: its answer is the state as found, not a transition. */
  let next: { readonly found: boolean } | undefined
  let isBusy = false

  async function work(): Promise<void> {
    isBusy = true
    while (next && !stopped.signal.aborted) {
      const { found } = next
      next = undefined
      await Promise.all([ask(found), clock.sleep(ASKING_SPACING, stopped.signal).catch(() => {})])
    }
    isBusy = false
  }
  return {
    ask(found: boolean): void {
      next = { found: found || next?.found === true }
      if (!isBusy) void work()
    },
    stop: () => stopped.abort(UNWANTED),
  }
}

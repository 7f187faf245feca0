/** What keepalived says of this node's VRRP instances: by its FIFO, by its hooks, and when it is asked. */

import type { FifoEvent } from '../../adapters/keepalived/event.ts'
import { type Fifo, readFifo } from '../../adapters/keepalived/fifo.ts'
import type { Config } from '../../config/schema.ts'
import { type Clock, UNWANTED } from '../../platform/clock.ts'
import { hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { inputOf, type KeepalivedInput } from '../keepalived-input.ts'
import { ticksNow } from '../node/journal.ts'
import { probeFor, stateOf } from '../node/keepalived-state.ts'
import type { HangDetector } from './hang-detector.ts'
import { addToHistory, judgeHook, type KeepalivedHistory } from './keepalived-history.ts'

/** Keepalived logs a line whenever it is asked, and a FIFO may bring any number of gaps. Milliseconds. */
const ASKING_SPACING = 250
/** From one try to read the FIFO to the next. */
const FIFO_RETRY_MS = 3000

export type Listener = {
  /** By VRRP instance; nothing of one that was not heard of yet. */
  readonly heard: ReadonlyMap<string, KeepalivedHistory>
  /**
   * Takes the event of a hook that was forked at that moment (in ticks), unless the FIFO has told of this or a later one
   * since: hooks come late, and in any order. Returns false for an event that is no longer true.
   * @param isActing whether the hook acts on it, too
   */
  takeHook(event: FifoEvent, ticks: number, isActing: boolean): boolean
  stop(): void
}

export type ListenerOptions = {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly work: HangDetector
  /** Whether to go on without the FIFO, and to try again, where it cannot be read for that reason. */
  readonly mayWait: (error: unknown) => boolean
  readonly deliver: (name: string, input: KeepalivedInput) => void
  /** The priority that the instance's agent knows, where there is an agent. */
  readonly lastPriority: (name: string) => number | undefined
}

/** Listens until it is stopped. @throws Failure where the FIFO cannot be read, and that may not be waited for */
export function listen({ config, clock, log, work, mayWait, deliver, lastPriority }: ListenerOptions): Listener {
  const { fifo: path } = config.keepalived
  const names = Object.keys(config.instances)
  const probe = probeFor(config)
  const heard = new Map<string, KeepalivedHistory>()
  /** How many events each instance has had: an answer of keepalived may be older than an event that came meanwhile. */
  const events = new Map<string, number>()
  /** When the FIFO told of each instance last, in ticks. */
  const toldAt = new Map<string, number>()

  function pass(name: string, input: KeepalivedInput, isActing = false): void {
    heard.set(name, addToHistory(heard.get(name), input, clock.now(), isActing))
    deliver(name, input)
  }

  /** keepalived does not tell it with everything, and of a sync group never. */
  function priorityOf(name: string, told: number | undefined): number | undefined {
    return told ?? config.instances[name]?.priority ?? lastPriority(name) ?? heard.get(name)?.last.priority
  }

  function take(event: FifoEvent, isActing = false): void {
    const { name } = event
    if (!names.includes(name)) return
    events.set(name, (events.get(name) ?? 0) + 1)
    pass(name, inputOf(event, priorityOf(name, event.priority)), isActing)
  }

  function takeHook(event: FifoEvent, ticks: number, isActing: boolean): boolean {
    const verdict = judgeHook(event, ticks, toldAt.get(event.name), heard.get(event.name)?.last.state)
    if (verdict === 'news' || (verdict === 'known' && isActing)) take(event, isActing)
    return verdict !== 'outdated'
  }

  async function ask(found: boolean): Promise<void> {
    const before = new Map(events)
    const result = await work.follow(probe.read())
    for (const name of names) {
      if (events.get(name) !== before.get(name)) continue
      const state = stateOf(result, name)
      if (!state) continue
      const priority = config.instances[name]?.priority ?? priorityOf(name, state.priority)
      pass(name, { kind: 'state', state: state.state, priority, found })
    }
    if (result.kind === 'unknown') log.warn(`keepalived's state is not known: ${result.reason}`)
  }

  const asker = askInTurn(async (found) => {
    try {
      await ask(found)
    } catch (error) {
      log.error(`keepalived could not be asked: ${messageOf(error)}`)
    }
  }, clock)

  function openFifo(): Fifo {
    return readFifo(path, {
      onEvent(event) {
        take(event)
        toldAt.set(event.name, ticksNow())
      },
      onMalformed: (line) => log.error({ line }, 'keepalived wrote a line that is no event'),
      onGap(reason) {
        if (reason !== 'start') log.warn({ reason }, 'events may be missing: asking keepalived')
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
        `keepalived is asked every ${config.interval / 1000} s, until its events can be read: ${messageOf(error)}`,
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
      asker.stop()
      fifo?.close()
    },
  }
}

/** One question at a time, and none soon after another: what is asked meanwhile is asked once, afterwards. */
function askInTurn(ask: (found: boolean) => Promise<void>, clock: Clock) {
  const stopped = new AbortController()
  /** What is asked next; undefined: nothing. `found`: what is found was so before, and is no change. */
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

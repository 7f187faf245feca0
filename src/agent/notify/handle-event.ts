/** Handles a keepalived event that no daemon takes. */

import { eventText, type VrrpEvent } from '../../adapters/keepalived/event.ts'
import { inRegion } from '../../config/in-region.ts'
import { instanceOf } from '../../config/instances.ts'
import { loadKeptConfig } from '../../config/kept-config.ts'
import type { Config } from '../../config/schema.ts'
import { NODE_STATES, type NodeState } from '../../core/claim.ts'
import { type Clock, lastLookTime, movableDeadline } from '../../platform/clock.ts'
import { Failure, hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { type JournalEntry, type Moment, newestOf } from '../node/event-order.ts'
import { closeEvent, watchEvents } from '../node/journal.ts'
import { type EventResult, withTransitionHooks } from '../transition-hooks/event-hooks.ts'
import { type EventHistory, eventHistory } from './event-history.ts'
import { DEADLINE, earlierEdges, timeFor } from './event-life.ts'
import { assertNewest, eventsOnRecord, type HandOver, type Remark, tellRemarks } from './hand-over.ts'

const NOTHING: EventResult = { outcomes: [], problems: [] }

export type HookOptions = {
  readonly configPath: string
  readonly stateDirectory: string
  readonly historyDirectory: string
  /** Overrides the config's. */
  readonly region?: string | undefined
  /** Default: a minute, plus the time for which EC2's token bucket delays hundreds of routes. */
  readonly deadlineMs: number | undefined
  readonly clock: Clock
  readonly log: Log
  /** Called once everything urgent is done. */
  readonly onUnderWay?: () => void
}

type Work = {
  readonly event: VrrpEvent
  readonly moment: Moment
  /** The other events on record when this one came. */
  readonly others: readonly JournalEntry[]
  /** Throws once a newer event is recorded. */
  readonly permit: () => void
  /** Aborted when a newer event is recorded. */
  readonly signal: AbortSignal
  /** Called when EC2 has answered the first writes. */
  readonly onAnswer: Parameters<Parameters<typeof withTransitionHooks>[2]>[0]
  readonly history: EventHistory
}

/**
 * Does the event's work, until a newer event is recorded.
 * @returns the outcome of each route; none for an event that moves no routes
 * @throws Failure `superseded` once a newer event is recorded
 */
export async function handleEvent(
  { event, moment, others, remarks }: Extract<HandOver, { kind: 'ours' }>,
  options: HookOptions,
): Promise<EventResult> {
  const { log, stateDirectory } = options
  tellRemarks(remarks, log)
  const tell = (remark: Remark) => tellRemarks([remark], log)
  const permit = () => assertNewest(eventsOnRecord(stateDirectory, event, moment, tell), moment, event)
  const signal = supersededSignal(event, permit, options)

  const previous = NODE_STATES.find(
    (each) => each === newestOf(others, moment.boot)?.state.replace('_RX_LOWER_PRI', ''),
  )
  const history = eventHistory(event, previous, options)
  const work = { event, moment, others, permit, signal, history }
  try {
    return await perform(work, previous, options)
  } finally {
    await history.keep()
  }
}

async function perform(
  work: Omit<Work, 'onAnswer'>,
  previous: NodeState | undefined,
  options: HookOptions,
): Promise<EventResult> {
  const { event, moment, permit, signal, history } = work
  const { state } = event
  if (state === 'MASTER_RX_LOWER_PRI') return takeRoutes({ ...work, onAnswer: () => {} }, options)
  const transition = { event, state, previous }
  return withTransitionHooks(transition, { ...options, permit, signal }, async (onAnswer) => {
    try {
      const answering: Work = {
        ...work,
        onAnswer(eni) {
          onAnswer(eni)
          // The hook may be killed before its end.
          void history.keep()
        },
      }
      return state === 'MASTER' ? await takeRoutes(answering, options) : await stepDown(answering, options)
    } finally {
      closeEvent(options.stateDirectory, event, moment)
    }
  })
}

async function takeRoutes(work: Work, options: HookOptions): Promise<EventResult> {
  const { event } = work
  const { log, clock } = options
  const config = await loadKeptConfig(options.configPath, options.stateDirectory)
  const how = config.failover === 'safe' ? ', as soon as no live node has a better claim' : ''
  instanceOf(config, event.name)
  log.info({ event }, `${eventText(event)}: taking its routes${how}`)
  const result = await runAgent(work, config, options, options.deadlineMs)
  const isConfirmed = result.outcomes.every(({ verdict }) => verdict === 'done')
  if (isConfirmed) log.info({ ms: Math.round(clock.now()) }, 'routes confirmed')
  return result
}

/**
 * Tells the other nodes that this one is not MASTER; BACKUP also reads which tables the config means, so that a later
 * MASTER need not. The event is recorded already, so a failed publish is only logged.
 */
async function stepDown(work: Work, options: HookOptions): Promise<EventResult> {
  const { event } = work
  const { log, clock, deadlineMs } = options
  log.info({ event }, `${eventText(event)}: recorded`)
  const ms = event.state === 'BACKUP' ? deadlineMs : timeFor(event.state, clock.now())
  try {
    const config = await loadKeptConfig(options.configPath, options.stateDirectory)
    await runAgent(work, config, options, ms)
  } catch (error) {
    if (event.state === 'BACKUP' || (error instanceof Failure && error.kind === 'superseded')) throw error
    log.error({ hint: hintOf(error) }, `the others cannot see this node's claim: ${messageOf(error)}`)
  }
  return NOTHING
}

async function runAgent(
  { event, moment, others, permit, signal: newer, onAnswer, history }: Work,
  config: Config,
  { stateDirectory, region, clock, log, onUnderWay = () => {} }: HookOptions,
  deadlineMs: number | undefined,
): Promise<EventResult> {
  const [{ longestWait, openFor, ownEni }, { runEventAgent }] = await Promise.all([
    import('../node/route-port.ts'),
    import('./event-agent.ts'),
  ])
  const length = deadlineMs ?? timeFor(event.state, clock.now())
  const lastLookMs = lastLookTime(length)
  const limit = movableDeadline(length, lastLookMs)
  const signal = AbortSignal.any([limit.signal, newer])
  const context = { permit, signal, clock, log }
  const [ec2, eni] = await Promise.all([openFor(inRegion(config, region), context), ownEni(config, context)])
  return runEventAgent({
    ...{ event, config, ec2, eni, stateDirectory, permit, signal, lastLookMs, clock, log },
    edges: earlierEdges(others, moment, clock.now()),
    onWrites(count) {
      if (deadlineMs === undefined) limit.putOff(DEADLINE + longestWait(count))
    },
    onUnderWay,
    onAnswer: () => onAnswer(eni),
    onStep: history.observe,
  })
}

/** Aborts as soon as a newer event is recorded. Calls in flight are cut off, though EC2 may have received them. */
function supersededSignal(event: VrrpEvent, permit: () => void, { stateDirectory, log }: HookOptions): AbortSignal {
  const controller = new AbortController()
  const check = () => {
    try {
      permit()
    } catch (error) {
      controller.abort(error)
    }
  }
  try {
    const watchers = watchEvents(stateDirectory, event.name, check)
    if (watchers.length === 0) throw new Error('no event has been recorded')
    for (const each of watchers)
      each.on('error', (error) => log.warn(`cannot watch for newer events: ${error.message}`))
  } catch (error) {
    log.warn(`newer events are noticed only before the next attempt: ${messageOf(error)}`)
  }
  return controller.signal
}

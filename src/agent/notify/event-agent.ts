/** The agent of one keepalived event: it lives until the event's work is done or no longer wanted. */

import type { Ec2 } from '../../adapters/ec2/client.ts'
import { isVerdict } from '../../adapters/ec2/errors.ts'
import type { VrrpEvent } from '../../adapters/keepalived/event.ts'
import { instanceOf } from '../../config/instances.ts'
import type { Config } from '../../config/schema.ts'
import { vipSwitch } from '../../core/command-line.ts'
import type { EniId } from '../../core/ids.ts'
import type { Input } from '../../core/protocol/inputs-and-effects.ts'
import { type EventProgress, isPublished, progressOf } from '../../core/protocol/single-event.ts'
import type { ProtocolState } from '../../core/protocol/state.ts'
import type { RouteOutcome } from '../../core/route.ts'
import { destinationText } from '../../core/vip.ts'
import type { Clock } from '../../platform/clock.ts'
import { Failure, hintOf, messageOf } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { Agent } from '../agent.ts'
import { newCounters } from '../counters.ts'
import { inputOf } from '../keepalived-input.ts'
import { type Ledger, openLedger } from '../node/ledger.ts'
import { memoryOf, settingsOf } from '../node/start-state.ts'
import type { EventResult } from '../transition-hooks/event-hooks.ts'
import { isAnswered } from '../transition-hooks/hooks-due.ts'
import { isOver, LONGEST_PUBLISH } from './event-life.ts'
import { type EventPorts, eventPorts } from './event-ports.ts'

export type EventTask = {
  readonly event: VrrpEvent
  readonly config: Config
  readonly ec2: Ec2
  readonly eni: EniId
  readonly stateDirectory: string
  /** When this node's earlier edges began, on the clock. */
  readonly edges: readonly number[]
  /** Throws once a newer event is recorded. */
  readonly permit: () => void
  /** Aborted when a newer event is recorded or the time is up. */
  readonly signal: AbortSignal
  /** Milliseconds allowed for a last look once the time is up. */
  readonly lastLookMs: number
  /** Called before each write, with the number of writes so far. */
  readonly onWrites: (count: number) => void
  /** Called when the first write is answered or overdue; at once if there is nothing to write. */
  readonly onUnderWay: () => void
  /** Called when EC2 has answered the first writes. */
  readonly onAnswer: () => void
  /** Called after every step of the agent. */
  readonly onStep: (state: ProtocolState, input: Input) => void
  readonly clock: Clock
  readonly log: Log
}

/**
 * @returns the outcome of each route; none for an event that moves no routes
 * @throws Failure `superseded` once a newer event is recorded; `refused` if the routes belong to another node; the read's
 *   error if no route is known without it
 */
export async function runEventAgent(task: EventTask): Promise<EventResult> {
  const { event, config, eni, stateDirectory, edges, clock, log } = task
  const ledger = openLedger()
  let problems: readonly string[] = []
  let look = () => {}
  const ports = eventPorts(task, {
    ledger,
    onSelection(selection) {
      for (const problem of selection.problems) if (!problems.includes(problem)) log.error(problem)
      problems = selection.problems
    },
    onAddress: (address) => agent.deliver({ kind: 'address', address }),
    onIdentity: ({ eni, address }) => agent.deliver({ kind: 'identity', eni, address }),
  })
  const agent: Agent = new Agent({
    ...memoryOf(config, event.name, { eni, address: '', stateDirectory, clock }),
    ...{ instance: event.name, edges, ports, clock, log },
    settings: settingsOf(config, config.interval),
    counters: newCounters(),
    onStep(state, input) {
      if (input.kind === 'written' && state.writing.length === 0) logWrites(ledger, task)
      task.onStep(state, input)
      if (isAnswered(state)) task.onAnswer()
      look()
    },
  })
  const startedAt = clock.now()
  const isFinal = (problem: unknown) => problem !== undefined && isVerdict(problem)
  const { problems: failed } = ports
  const refused = () => ({ read: isFinal(failed.read), publish: isFinal(failed.publish) })
  const ended = new AbortController()
  let why = 'no further read was made'
  try {
    await new Promise<void>((resolve, reject) => {
      look = () => void (isOver(agent.state, startedAt, clock.now(), refused()) && resolve())
      task.signal.addEventListener('abort', () => reject(task.signal.reason))
      clock.sleep(LONGEST_PUBLISH, ended.signal).then(look, () => {})
      agent.deliver(inputOf(event, event.priority ?? instanceOf(config, event.name).priority))
      void ports.underWay().then(task.onUnderWay)
    })
  } catch (error) {
    await ports.settled()
    if (error instanceof Failure && error.kind === 'superseded') throw error
    why = messageOf(error)
    await lookOnce(ports, ledger, task)
  } finally {
    ended.abort()
    agent.stop()
  }
  const { state } = agent
  const hasFailed = ports.problems.publish !== undefined
  if (!isPublished(state) && !hasFailed) log.error(`the others cannot see this node's claim: ${why}`)
  const progress = progressOf(state, clock.now())
  const outcomes = outcomesOf({ state, progress }, event.name, ports.problems.read, ledger, why)
  for (const { key, verdict, detail } of outcomes) {
    // A failed write was logged when it failed.
    if (verdict !== 'done' && !ledger.hasFailed(key))
      log.error(`${destinationText(key.vip)} in ${key.table}: ${detail}`)
  }
  return { outcomes, problems }
}

function logWrites(ledger: Ledger, { clock, log }: EventTask): void {
  const { accepted, written } = ledger.count()
  const ms = Math.round(clock.now())
  if (accepted === written) log.info({ accepted, ms }, 'routes accepted')
  else log.warn({ accepted, of: written, ms }, accepted > 0 ? 'routes partly accepted' : 'no route accepted')
}

/** Confirms writes that EC2 accepted shortly before the end. */
async function lookOnce(ports: EventPorts, ledger: Ledger, { lastLookMs, log }: EventTask): Promise<void> {
  if (ledger.count().unseen === 0) return
  await ports.read(AbortSignal.timeout(lastLookMs)).catch((error: unknown) => {
    log.warn({ hint: hintOf(error) }, `cannot confirm the routes: ${messageOf(error)}`)
  })
}

/** @throws Failure if the routes belong to another node, or no route is known */
function outcomesOf(
  { state, progress }: { readonly state: Readonly<ProtocolState>; readonly progress: EventProgress },
  instance: string,
  readProblem: unknown,
  ledger: Ledger,
  why: string,
): RouteOutcome[] {
  const { self, decision, pin } = state
  if (self.state !== 'MASTER') {
    if (self.state === 'BACKUP' && readProblem !== undefined) throw readProblem
    return []
  }
  if (decision?.action === 'yield' && progress !== 'settled') {
    const isPinned = pin !== undefined && pin.eni !== self.eni
    const hint = isPinned ? `to give them back to VRRP before that: ${vipSwitch('unpin', instance)}` : undefined
    throw new Failure('refused', decision.reason, { hint })
  }
  const outcomes = ledger.outcomes(readProblem === undefined ? why : messageOf(readProblem))
  if (outcomes.length === 0) throw readProblem ?? new Failure('failed', why)
  return outcomes
}

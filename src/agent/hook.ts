/** What one event of keepalived brings about when no daemon takes it. */
import type { Logger } from 'pino'
import { type Clock, deadline } from '../clock.ts'
import { instanceOf, loadConfig } from '../config/load.ts'
import { DEFAULT_CONTROL_PATH } from '../config/schema.ts'
import type { NodeState } from '../core/claim.ts'
import { Failure, messageOf } from '../errors.ts'
import { eventText, isMaster, type VrrpEvent } from '../keepalived/event.ts'
import {
  isAtWork,
  isNewer,
  type JournalEntry,
  type Moment,
  momentOfThisProcess,
  newestEvent,
  recordEvent,
  secondsBetween,
  watchEvents,
} from '../keepalived/journal.ts'
import { askDaemon, type ControlAnswer } from './control.ts'
import { type EdgeResult, runEdge } from './edge.ts'
import { loadView, saveView, viewOf } from './view.ts'

/** Proofs of a lower master come once per advert, five a second; one a second is acted upon. */
const RX_LOWER_PRI_SPACING_SECONDS = 1

const NOTHING: EdgeResult = { outcomes: [], problems: [] }

export type HookOptions = {
  readonly configPath: string
  readonly stateDirectory: string
  readonly deadlineMs: number
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Records the event and does what it asks for; nothing of it is done once a newer event is recorded.
 * @returns how each route came out; none for an event that moves no route
 * @throws Failure of kind `superseded` when a newer event was recorded
 */
export async function handleEvent(event: VrrpEvent, options: HookOptions): Promise<EdgeResult> {
  const { log } = options
  const moment = momentOfThisProcess()
  if (event.state === 'MASTER_RX_LOWER_PRI' && isCoalesced(newestRecorded(event, moment, options), moment)) {
    log.debug({ event }, `${eventText(event)}: another hook is on it`)
    return NOTHING
  }
  record(event, moment, options)
  const permit = () => assertNewest(newestRecorded(event, moment, options), moment, event)
  permit()
  if (await isHandedOver(event, moment, options)) return NOTHING

  switch (event.state) {
    case 'MASTER':
    case 'MASTER_RX_LOWER_PRI':
      return becomeMaster(event, options, permit)
    case 'BACKUP':
      log.info({ event }, `${eventText(event)}: recorded`)
      await stepDown(event, event.state, options, permit)
      await refreshView(event, options, permit)
      return NOTHING
    case 'FAULT':
    case 'STOP':
    case 'DELETED':
      log.info({ event }, `${eventText(event)}: recorded`)
      await stepDown(event, event.state, options, permit)
      return NOTHING
  }
}

/**
 * A new master goes on even where nothing can be recorded (a full disk, say): a route that stays at the old one is a
 * certain outage, two hooks that cross a rare one.
 */
function record(event: VrrpEvent, moment: Moment, { stateDirectory, log }: HookOptions): void {
  try {
    recordEvent(stateDirectory, event, moment)
  } catch (error) {
    const failure = new Failure('failed', `cannot record the event: ${messageOf(error)}`, {
      hint: `make ${stateDirectory} writable for keepalived's script_user, or choose another with --state-dir`,
      cause: error,
    })
    if (!isMaster(event)) throw failure
    log.error({ hint: failure.hint }, `${failure.message}; going on without`)
  }
}

/** Whether a daemon takes the event: its connection is warm, and it knows what the others claim. */
async function isHandedOver(event: VrrpEvent, moment: Moment, { configPath, log }: HookOptions): Promise<boolean> {
  const { type, name, state, priority = 0 } = event
  let answer: ControlAnswer
  try {
    answer = await askDaemon(controlPath(configPath), {
      ask: 'event',
      values: [type, name, state, `${priority}`],
      moment,
    })
  } catch (error) {
    log.debug(`no daemon: ${messageOf(error)}`)
    return false
  }
  if (!answer.ok) {
    log.warn(`the daemon does not take ${eventText(event)}: ${answer.error}`)
    return false
  }
  if (answer.status === 'superseded') {
    throw new Failure('superseded', `${eventText(event)} is superseded by a newer event, says the daemon`)
  }
  log.info({ event }, `${eventText(event)}: handed to the daemon`)
  return true
}

/** The config's socket; the default one where the config cannot be read, since a STOP must be told all the same. */
function controlPath(configPath: string): string {
  try {
    return loadConfig(configPath).control
  } catch {
    return DEFAULT_CONTROL_PATH // What is wrong with the config is said where the config is needed.
  }
}

/** The newest event on record; none, with an error in the log, where the record cannot be read. */
function newestRecorded(
  { name }: VrrpEvent,
  { boot }: Moment,
  { stateDirectory, log }: HookOptions,
): JournalEntry | undefined {
  try {
    return newestEvent(stateDirectory, name, boot)
  } catch (error) {
    log.error(`cannot see whether a newer event is recorded: ${messageOf(error)}`)
    return undefined
  }
}

/** Whether nothing can be new to this proof of a lower master: another hook has just begun, or is still at work. */
function isCoalesced(newest: JournalEntry | undefined, moment: Moment): boolean {
  if (!newest?.state.startsWith('MASTER')) return false
  return secondsBetween(newest, moment) < RX_LOWER_PRI_SPACING_SECONDS || isAtWork(newest)
}

/** A proof of a lower master is no change of state: it supersedes nothing. */
function assertNewest(newest: JournalEntry | undefined, moment: Moment, event: VrrpEvent): void {
  if (newest && newest.state !== 'MASTER_RX_LOWER_PRI' && isNewer(newest, moment)) {
    throw new Failure('superseded', `${eventText(event)} is superseded by a newer event, ${newest.state}`)
  }
}

async function becomeMaster(event: VrrpEvent, options: HookOptions, permit: () => void): Promise<EdgeResult> {
  const { configPath, stateDirectory, log, clock, deadlineMs } = options
  const config = loadConfig(configPath)
  const { vips, routeTables, createMissing, takeOver } = instanceOf(config, event.name)
  const { openFor, ownEni, routePort } = await import('./route-port.ts')
  const signal = AbortSignal.any([deadline(deadlineMs), superseded(event, permit, options)])
  const wanted = { permit, signal, clock, log }
  const [ec2, eni] = await Promise.all([openFor(config, wanted), ownEni(config, wanted)])

  const saved = loadView(stateDirectory, event.name, config)
  if (saved?.pin && saved.pin.eni !== eni && clock.wall() < saved.pin.until) {
    const until = new Date(saved.pin.until).toISOString()
    throw new Failure('refused', `the routes are pinned to ${saved.pin.eni} until ${until}`, {
      hint: 'vip-switch unpin',
    })
  }
  // MASTER writes first and asks later. A lower master's adverts prove no change of the routes, so these are read.
  const view = event.state === 'MASTER' ? saved : undefined
  log.info({ event, eni, region: ec2.region }, `${eventText(event)}: taking its routes`)
  return runEdge({
    vips,
    policy: { createMissing, takeOver },
    eni,
    view,
    routes: routePort(ec2, { selectors: routeTables, createMissing }, wanted),
    clock,
    signal,
    log,
    onView: (seen) => {
      try {
        // The daemon may have seen a pin meanwhile.
        saveView(stateDirectory, event.name, config, {
          ...seen,
          pin: loadView(stateDirectory, event.name, config)?.pin,
        })
      } catch (error) {
        log.warn(`the next edge will have to read first: ${messageOf(error)}`)
      }
    },
    async openClaims() {
      const { openEdgeClaims } = await import('./hook-claims.ts')
      return openEdgeClaims(event, config, ec2, eni, wanted)
    },
  })
}

/** Aborted as soon as a newer event is recorded: what is in flight is cut off, though EC2 may have it already. */
function superseded(event: VrrpEvent, permit: () => void, { stateDirectory, log }: HookOptions): AbortSignal {
  const controller = new AbortController()
  const check = () => {
    try {
      permit()
    } catch (error) {
      controller.abort(error)
    }
  }
  try {
    watchEvents(stateDirectory, event.name, check).on('error', (error) => log.warn(`not watched: ${error.message}`))
  } catch (error) {
    log.warn(`newer events are seen before the next attempt, not at once: ${messageOf(error)}`)
  }
  return controller.signal
}

/** Tells the other nodes that this one is not MASTER. An event is recorded, and done with, whether they hear of it or not. */
async function stepDown(event: VrrpEvent, state: NodeState, options: HookOptions, permit: () => void): Promise<void> {
  const { configPath, log, clock, deadlineMs } = options
  const signal = AbortSignal.any([deadline(deadlineMs), superseded(event, permit, options)])
  const { publishState } = await import('./hook-claims.ts')
  await publishState(event, state, configPath, { permit, signal, clock, log })
}

/** While there is time: reads which tables are meant, so that a later MASTER need not. */
async function refreshView(event: VrrpEvent, options: HookOptions, permit: () => void): Promise<void> {
  const { configPath, stateDirectory, log, clock, deadlineMs } = options
  const config = loadConfig(configPath)
  const { vips, routeTables, createMissing, takeOver } = instanceOf(config, event.name)
  const { openFor, routePort } = await import('./route-port.ts')
  const wanted = { permit, signal: deadline(deadlineMs), clock, log }
  const routes = routePort(await openFor(config, wanted), { selectors: routeTables, createMissing }, wanted)
  const { tables, problems } = await routes.read()
  for (const problem of problems) log.error(problem)
  const seen = viewOf(tables, vips, { createMissing, takeOver })
  saveView(stateDirectory, event.name, config, { ...seen, pin: loadView(stateDirectory, event.name, config)?.pin })
}

/** What one event of keepalived brings about when no daemon takes it. */
import { type Clock, deadline, movableDeadline } from '../../clock.ts'
import { instanceOf } from '../../config/instances.ts'
import { loadKeptConfig } from '../../config/kept-config.ts'
import { NODE_STATES, type NodeState } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import { Failure, messageOf } from '../../errors.ts'
import { eventText, type VrrpEvent } from '../../keepalived/event.ts'
import { closeEvent, watchEvents } from '../../keepalived/journal.ts'
import type { Log } from '../../log.ts'
import { withUserHooks } from '../user-hooks/event-hooks.ts'
import { loadView, saveView, viewOf } from '../view.ts'
import { type EdgeResult, runEdge } from './edge.ts'
import { assertNewest, type HandOver, newestRecorded, type Remark } from './hand-over.ts'

const NOTHING: EdgeResult = { outcomes: [], problems: [] }
const DEADLINE_MS = 60_000

export type HookOptions = {
  readonly configPath: string
  readonly stateDirectory: string
  /** Undefined: a minute, and for hundreds of routes as much longer as EC2's token bucket makes them wait. */
  readonly deadlineMs: number | undefined
  readonly clock: Clock
  readonly log: Log
}

/**
 * Does what the event asks for; nothing of it is done once a newer event is recorded.
 * @returns how each route came out; none for an event that moves no route
 * @throws Failure of kind `superseded` when a newer event was recorded
 */
export async function handleEvent(
  { event, moment, previous, remarks }: Extract<HandOver, { kind: 'ours' }>,
  options: HookOptions,
): Promise<EdgeResult> {
  const { log, stateDirectory } = options
  const tell = ({ level, text, hint }: Remark) => log[level]({ hint }, text)
  for (const remark of remarks) tell(remark)
  const permit = () => assertNewest(newestRecorded(stateDirectory, event, moment, tell), moment, event)

  const { state } = event
  if (state === 'MASTER_RX_LOWER_PRI') return becomeMaster(event, options, permit, () => {})

  const transition = {
    event,
    state,
    previous: NODE_STATES.find((each) => each === previous?.replace('_RX_LOWER_PRI', '')),
  }
  const signal = superseded(event, permit, options)
  return withUserHooks(transition, { ...options, permit, signal }, async (onAnswer) => {
    try {
      if (state === 'MASTER') return await becomeMaster(event, options, permit, onAnswer)
      log.info({ event }, `${eventText(event)}: recorded`)
      await stepDown(event, state, options, permit)
      if (state === 'BACKUP') await refreshView(event, options, permit)
      return NOTHING
    } finally {
      closeEvent(stateDirectory, event, moment)
    }
  })
}

async function becomeMaster(
  event: VrrpEvent,
  options: HookOptions,
  permit: () => void,
  onAnswer: (eni: EniId) => void,
): Promise<EdgeResult> {
  const { configPath, stateDirectory, log, clock, deadlineMs } = options
  const config = await loadKeptConfig(configPath, stateDirectory)
  const { vips, routeTables, createMissing, takeOver } = instanceOf(config, event.name)
  const { longestWait, openFor, ownEni, routePort } = await import('../route-port.ts')
  const limit = movableDeadline(deadlineMs ?? DEADLINE_MS)
  const signal = AbortSignal.any([limit.signal, superseded(event, permit, options)])
  const wanted = { permit, signal, clock, log }
  const [ec2, eni] = await Promise.all([openFor(config, wanted), ownEni(config, wanted)])

  const saved = loadView(stateDirectory, event.name, config)
  if (saved?.pin && saved.pin.eni !== eni && clock.wall() < saved.pin.until) {
    const until = new Date(saved.pin.until).toISOString()
    throw new Failure('refused', `the routes are pinned to ${saved.pin.eni} until ${until}`, {
      hint: `to give them back to VRRP before that: vip-switch unpin ${event.name}`,
    })
  }
  // MASTER writes first and asks later. A lower master's adverts prove no change of the routes, so these are read.
  const isSafe = config.failover === 'safe'
  const view = event.state === 'MASTER' && !isSafe ? saved : undefined
  const how = isSafe ? ', as soon as no live node has a better claim' : ''
  log.info({ event, eni, region: ec2.region }, `${eventText(event)}: taking its routes${how}`)
  const openClaims = async () => {
    const { openEdgeClaims } = await import('./hook-claims.ts')
    return openEdgeClaims(event, config, ec2, eni, wanted)
  }
  const held = isSafe ? await openClaims() : undefined
  return runEdge({
    vips,
    policy: { createMissing, takeOver },
    eni,
    view,
    routes: routePort(ec2, { selectors: routeTables, createMissing }, wanted),
    clock,
    signal,
    log,
    onWrites(count) {
      if (deadlineMs === undefined) limit.putOff(DEADLINE_MS + longestWait(count))
    },
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
      onAnswer(eni)
      return held ?? openClaims()
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
  const { log, clock, deadlineMs = DEADLINE_MS } = options
  const signal = AbortSignal.any([deadline(deadlineMs), superseded(event, permit, options)])
  const { publishState } = await import('./hook-claims.ts')
  await publishState(event, state, options, { permit, signal, clock, log })
}

/** While there is time: reads which tables are meant, so that a later MASTER need not. */
async function refreshView(event: VrrpEvent, options: HookOptions, permit: () => void): Promise<void> {
  const { configPath, stateDirectory, log, clock, deadlineMs = DEADLINE_MS } = options
  const config = await loadKeptConfig(configPath, stateDirectory)
  const { vips, routeTables, createMissing, takeOver } = instanceOf(config, event.name)
  const { openFor, routePort } = await import('../route-port.ts')
  const wanted = { permit, signal: deadline(deadlineMs), clock, log }
  const routes = routePort(await openFor(config, wanted), { selectors: routeTables, createMissing }, wanted)
  const { tables, problems } = await routes.read()
  for (const problem of problems) log.error(problem)
  const seen = viewOf(tables, vips, { createMissing, takeOver })
  saveView(stateDirectory, event.name, config, { ...seen, pin: loadView(stateDirectory, event.name, config)?.pin })
}

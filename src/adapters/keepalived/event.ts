/** A keepalived event. */
import { Failure } from '../../platform/errors.ts'

export const STATES = ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED', 'MASTER_RX_LOWER_PRI'] as const

/** Reported to FIFOs only (vrrp_notify.c, notify_fifo): the priority has changed, the state has not. */
const PRIORITY_CHANGES = ['MASTER_PRIORITY', 'BACKUP_PRIORITY'] as const

/**
 * What keepalived reports to a `notify` script. MASTER_RX_LOWER_PRI is not a separate state: it means "MASTER, and a node
 * of lower priority also acts as master" (keepalived vrrp.c, PR #957).
 */
export type EventState = (typeof STATES)[number]

export type VrrpEvent<State extends FifoEventState = EventState> = {
  readonly type: 'INSTANCE' | 'GROUP'
  readonly name: string
  readonly state: State
  /** Effective priority, 1–255, if keepalived tells it (for a sync group it says 0). */
  readonly priority: number | undefined
}

export type FifoEventState = EventState | (typeof PRIORITY_CHANGES)[number]

/** An event as reported to a FIFO. */
export type FifoEvent = VrrpEvent<FifoEventState>

/** No quotes in the name: two lines run together must not pass for one with a long name. */
const LINE = /^(INSTANCE|GROUP) "([^"\p{Cc}]+)" ([A-Z_]+) (0|[1-9]\d{0,2})$/u

const FORM = 'vip-switch notify INSTANCE|GROUP NAME MASTER|BACKUP|FAULT|STOP|DELETED|MASTER_RX_LOWER_PRI [PRIORITY]'

/**
 * Parses the arguments that keepalived appends to a `notify` script (keepalived.conf(5)); when called by hand, the priority
 * may be omitted.
 * @throws Failure `usage`
 */
export function parseEventArguments(values: readonly string[]): VrrpEvent {
  const [type, name, stateText, priorityText, ...rest] = values
  const wrong = (what: string) => new Failure('usage', what, { hint: `keepalived calls: ${FORM}` })

  if (type !== 'INSTANCE' && type !== 'GROUP') {
    throw wrong(type === undefined ? 'notify needs an event' : `"${type}" is neither INSTANCE nor GROUP`)
  }
  if (!name) throw wrong('the event has no instance name')
  const state = STATES.find((known) => known === stateText)
  if (!state) throw wrong(`"${stateText ?? ''}" is not a state: ${STATES.join(', ')}`)
  const priority = Number(priorityText ?? 0)
  if (!Number.isInteger(priority) || priority < 0 || priority > 255 || priorityText === '') {
    throw wrong(`"${priorityText}" is not a priority: expected a whole number from 0 to 255`)
  }
  if (rest.length > 0) throw wrong(`too many arguments: ${rest.join(' ')}`)
  return { type, name, state, priority: priority === 0 ? undefined : priority }
}

/**
 * Parses a line from a FIFO, without its newline: `INSTANCE "VI_1" MASTER 100` (keepalived.conf(5), vrrp_notify_fifo).
 * @throws Failure `failed` for anything that keepalived does not write
 */
export function parseEventLine(line: string): FifoEvent {
  const [, type, name, stateText, priorityText] = LINE.exec(line) ?? []
  const state = [...STATES, ...PRIORITY_CHANGES].find((known) => known === stateText)
  const priority = Number(priorityText)
  const isType = type === 'INSTANCE' || type === 'GROUP'
  if (!isType || !name || !state || priority > 255 || (type === 'GROUP' && !isGroupState(state))) {
    throw new Failure('failed', `${JSON.stringify(line)} is not a keepalived event`)
  }
  return { type, name, state, priority: priority === 0 ? undefined : priority }
}

/** Whether keepalived reports the state for groups, too, not only for instances (vrrp_notify.c, send_event_notify). */
function isGroupState(state: FifoEventState): boolean {
  return state !== 'MASTER_RX_LOWER_PRI' && state !== 'MASTER_PRIORITY' && state !== 'BACKUP_PRIORITY'
}

/** Whether the event says that this node is the VRRP master. */
export function isMaster({ state }: FifoEvent): boolean {
  return state === 'MASTER' || state === 'MASTER_RX_LOWER_PRI' || state === 'MASTER_PRIORITY'
}

/** The event as text for people. */
export function eventText({ name, state, priority }: FifoEvent): string {
  return priority === undefined ? `${name} ${state}` : `${name} ${state} ${priority}`
}

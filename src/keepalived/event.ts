/** One event of keepalived. */
import { Failure } from '../errors.ts'

const STATES = ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED', 'MASTER_RX_LOWER_PRI'] as const

/**
 * What keepalived reports. MASTER_RX_LOWER_PRI is no state of its own: it says "MASTER, and a lower one acts as
 * master, too" (keepalived vrrp.c, PR #957).
 */
export type EventState = (typeof STATES)[number]

export type VrrpEvent = {
  readonly type: 'INSTANCE' | 'GROUP'
  readonly name: string
  readonly state: EventState
  /** Effective priority, 1–255; undefined where keepalived does not tell (it says 0 for a sync group). */
  readonly priority: number | undefined
}

const FORM = 'vip-switch notify INSTANCE|GROUP NAME MASTER|BACKUP|FAULT|STOP|DELETED|MASTER_RX_LOWER_PRI [PRIORITY]'

/**
 * The event in the arguments that keepalived appends to a `notify` script (keepalived.conf(5)); a priority may be left
 * out when called by hand.
 * @throws Failure of kind `usage`
 */
export function parseEventArguments(values: readonly string[]): VrrpEvent {
  const [type, name, stateText, priorityText, ...rest] = values
  const wrong = (what: string) => new Failure('usage', what, { hint: `keepalived calls: ${FORM}` })

  if (type !== 'INSTANCE' && type !== 'GROUP') {
    throw wrong(type === undefined ? 'notify needs an event' : `"${type}" is neither INSTANCE nor GROUP`)
  }
  if (!name) throw wrong('the event has no name of an instance')
  const state = STATES.find((known) => known === stateText)
  if (!state) throw wrong(`"${stateText ?? ''}" is no state: ${STATES.join(', ')}`)
  const priority = Number(priorityText ?? 0)
  if (!Number.isInteger(priority) || priority < 0 || priority > 255 || priorityText === '') {
    throw wrong(`"${priorityText}" is no priority: a whole number from 0 to 255`)
  }
  if (rest.length > 0) throw wrong(`too many arguments: ${rest.join(' ')}`)
  return { type, name, state, priority: priority === 0 ? undefined : priority }
}

/** Whether the event says that this node is the VRRP master. */
export function isMaster(event: VrrpEvent): boolean {
  return event.state === 'MASTER' || event.state === 'MASTER_RX_LOWER_PRI'
}

/** The event as log lines and people write it. */
export function eventText({ name, state, priority }: VrrpEvent): string {
  return priority === undefined ? `${name} ${state}` : `${name} ${state} ${priority}`
}

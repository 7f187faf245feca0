/**
 * VRRP's election as one node holds it (RFC 5798, 6.4), with preemption, and with what keepalived adds: a master that
 * hears a lower one says so (MASTER_RX_LOWER_PRI). Pure: the caller keeps the timer, and sends.
 */

export type Voter = {
  /** 1 to 255. */
  readonly priority: number
  /** IPv4. */
  readonly address: string
  /** Milliseconds between a master's adverts. */
  readonly interval: number
}

export type Advert = {
  /** 0: its sender resigns. */
  readonly priority: number
  /** IPv4. */
  readonly address: string
}

export type VrrpState = 'BACKUP' | 'MASTER'

export type ElectionInput =
  | { readonly kind: 'start' }
  /** The timer has run out. */
  | { readonly kind: 'timer' }
  | { readonly kind: 'advert'; readonly advert: Advert }

export type Outcome = {
  readonly state: VrrpState
  /** Milliseconds from now until the timer runs out; undefined: it runs on. */
  readonly timer: number | undefined
  /** Whether to send an advert. */
  readonly sends: boolean
  readonly event: VrrpState | 'MASTER_RX_LOWER_PRI' | undefined
}

export function hold(self: Voter, state: VrrpState, input: ElectionInput): Outcome {
  if (input.kind === 'start') return backup(masterDownTime(self), 'BACKUP')
  if (input.kind === 'timer') return master(self, state === 'MASTER' ? undefined : 'MASTER')
  return state === 'MASTER' ? heardAsMaster(self, input.advert) : heardAsBackup(self, input.advert)
}

function heardAsMaster(self: Voter, advert: Advert): Outcome {
  if (advert.priority === 0) return master(self, undefined)
  if (outranks(advert, self)) return backup(masterDownTime(self), 'BACKUP')
  return master(self, 'MASTER_RX_LOWER_PRI')
}

/** A lower master is not heard: the timer runs on, until this node takes over. */
function heardAsBackup(self: Voter, { priority }: Advert): Outcome {
  if (priority === 0) return backup(skewTime(self), undefined)
  return backup(priority >= self.priority ? masterDownTime(self) : undefined, undefined)
}

const backup = (timer: number | undefined, event: Outcome['event']): Outcome => ({
  state: 'BACKUP',
  timer,
  sends: false,
  event,
})

const master = ({ interval }: Voter, event: Outcome['event']): Outcome => ({
  state: 'MASTER',
  timer: interval,
  sends: true,
  event,
})

function outranks(advert: Advert, self: Voter): boolean {
  const difference = advert.priority - self.priority
  return difference === 0 ? numberOf(advert.address) > numberOf(self.address) : difference > 0
}

/** Without adverts for this long, a backup takes over. */
function masterDownTime(self: Voter): number {
  return 3 * self.interval + skewTime(self)
}

function skewTime({ priority, interval }: Voter): number {
  return ((256 - priority) * interval) / 256
}

function numberOf(ipv4: string): number {
  return ipv4.split('.').reduce((number, part) => number * 256 + Number(part), 0)
}

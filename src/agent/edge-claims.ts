/** Claims in an edge without a daemon: this node's own, and those of the others that were renewed since it began. */
import { deadline } from '../clock.ts'
import type { Claim } from '../core/claim.ts'
import { decide, type ObservedClaim } from '../core/decide.ts'
import type { EniId } from '../core/ids.ts'
import { judgePins } from '../core/pin.ts'
import { Failure, messageOf } from '../errors.ts'
import type { VrrpEvent } from '../keepalived/event.ts'
import type { Testimony, Witness } from '../witness/witness.ts'
import type { EdgeClaims } from './edge.ts'
import { insist, type Wanted } from './route-port.ts'

/** A claim that is not published by then is not worth more: the next event brings another. Milliseconds, as below. */
export const PUBLISH_MS = 5000
/** A look at the routes waits no longer for the claims. */
const LOOK_MS = 1000

export type Speaker = {
  readonly event: VrrpEvent
  readonly eni: EniId
  /** The event's or the config's; undefined: keepalived gives notify_master_rx_lower_pri none, nor does it groups. */
  readonly priority: number | undefined
  readonly witness: Witness
  /** The VRRP source address. */
  readonly address: (wanted: Wanted) => Promise<string>
}

/** Of this node, as soon as it is known; and the beats that were there then: a new one proves that its node lives. */
type Beginning = { self: Claim; readonly beats: ReadonlyMap<EniId, string> }

/** Begins to watch the claims. What fails is logged, and leaves the edge as it is. */
export function openClaims(speaker: Speaker, wanted: Wanted): EdgeClaims {
  const { event, eni, witness } = speaker
  const { clock, log } = wanted
  let begun: Beginning | undefined
  let last: Promise<void> = Promise.resolve()

  const read = async (signal: AbortSignal): Promise<Testimony> => {
    const testimony = (await witness.read(signal)).get(event.name)
    if (!testimony) throw new Failure('failed', `the witness tells nothing of ${event.name}`)
    return testimony
  }

  async function publishNow(): Promise<void> {
    const inTime = within(PUBLISH_MS, wanted)
    try {
      begun ??= await begin(speaker, read, inTime)
      begun.self = { ...begun.self, beat: new Date(clock.wall()).toISOString() }
      await publish(event.name, begun.self, witness, inTime)
    } catch (error) {
      logUnpublished(error, wanted)
    }
  }

  return {
    publish() {
      last = last.then(publishNow)
    },

    async reasonToYield() {
      // Whose priority is not known cannot tell who is higher: keepalived can, and says that we are MASTER.
      if (begun?.self.priority === undefined) return undefined
      const { self, beats } = begun
      try {
        const { claims, pins, detached, date } = await read(within(LOOK_MS, wanted).signal)
        const others = claims
          .filter(({ claim }) => claim.eni !== eni && claim.beat !== beats.get(claim.eni))
          .map(({ claim, isVoid }): ObservedClaim => ({ claim, liveness: isVoid ? 'void' : 'alive' }))
        const { action, reason } = decide({
          self,
          isVoid: detached.has(eni),
          mute: false,
          others,
          isLasting: false,
          pin: judgePins(pins, date, (id) => detached.has(id)).valid,
          routes: [],
        })
        return action === 'yield' ? reason : undefined
      } catch (error) {
        if (!wanted.signal.aborted) log.warn(`what the others claim is not known: ${messageOf(error)}`)
        return undefined
      }
    },

    settled: () => last,
  }
}

async function begin(
  { event, eni, priority, address }: Speaker,
  read: (signal: AbortSignal) => Promise<Testimony>,
  wanted: Wanted,
): Promise<Beginning> {
  const [{ claims }, source] = await Promise.all([insist(read, wanted), address(wanted)])
  const own = claims.find(({ claim }) => claim.eni === eni)?.claim
  const now = new Date(wanted.clock.wall()).toISOString()
  const isNew = event.state === 'MASTER' || own?.state !== 'MASTER'
  const self: Claim = {
    eni,
    state: 'MASTER',
    priority: priority ?? own?.priority,
    address: source,
    since: isNew ? now : own.since,
    beat: now,
  }
  return { self, beats: new Map(claims.map(({ claim }) => [claim.eni, claim.beat])) }
}

/** @throws Failure */
export async function publish(instance: string, claim: Claim, witness: Witness, wanted: Wanted): Promise<void> {
  await insist((signal) => witness.publish(instance, claim, signal), wanted)
  const { state, priority } = claim
  wanted.log.info({ instance, state, priority }, `${instance}: claim published`)
}

export function logUnpublished(error: unknown, { log }: Wanted): void {
  if (error instanceof Failure && error.kind === 'superseded') return
  const hint = error instanceof Failure ? error.hint : undefined
  log.error({ hint }, `the others cannot see this node's claim: ${messageOf(error)}`)
}

/** The same, for no longer than that. */
export function within(ms: number, wanted: Wanted): Wanted {
  return { ...wanted, signal: AbortSignal.any([wanted.signal, deadline(ms)]) }
}

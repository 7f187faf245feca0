/** Claims in an edge without a daemon: this node's own, and those of the others that were renewed since it began. */
import { deadline } from '../../clock.ts'
import type { Claim } from '../../core/claim.ts'
import type { Decision, ObservedClaim } from '../../core/decide.ts'
import type { EniId } from '../../core/ids.ts'
import { Failure, hintOf, messageOf } from '../../errors.ts'
import type { VrrpEvent } from '../../keepalived/event.ts'
import type { Testimony, Witness } from '../../witness/witness.ts'
import { insist, type Wanted } from '../route-port.ts'
import type { EdgeClaims } from './edge.ts'
import { awaitClearance, type HeldEdge, judgeClaims } from './held-edge.ts'

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

/** `hold` is for `failover: safe`; it throws as awaitClearance. */
type HoldableClaims = EdgeClaims & {
  /** Resolves once the routes are this node's. From then on, what is not known of the others permits no write. */
  hold(rules: Pick<HeldEdge, 'intervalMs' | 'ttlMs'>): Promise<void>
}

/** Begins to watch the claims. What fails is logged, and leaves an edge that is not held as it is. */
export function openClaims(speaker: Speaker, wanted: Wanted): HoldableClaims {
  const { event, eni, witness } = speaker
  const { clock, log } = wanted
  let begun: Beginning | undefined
  let last: Promise<void> = Promise.resolve()
  let mute = true
  let isHeld = false

  const read = async (signal: AbortSignal): Promise<Testimony> => {
    const testimony = (await witness.read(signal)).get(event.name)
    if (!testimony) throw new Failure('failed', `the witness tells nothing of ${event.name}`)
    return testimony
  }

  const readAtLeisure = () => insist(read, within(PUBLISH_MS, wanted))

  async function publishNow(): Promise<void> {
    const inTime = within(PUBLISH_MS, wanted)
    try {
      begun ??= await begin(speaker, read, inTime)
      begun.self = { ...begun.self, beat: new Date(clock.wall()).toISOString() }
      await publish(event.name, begun.self, witness, inTime)
      mute = false
    } catch (error) {
      mute = true
      logUnpublished(error, wanted)
    }
  }

  /** By those of the others' claims that have changed since the edge began, or since it was held. */
  async function judgeRenewed({ self, beats }: Beginning): Promise<Decision> {
    const testimony = await (isHeld ? readAtLeisure() : read(within(LOOK_MS, wanted).signal))
    const others = testimony.claims
      .filter(({ claim }) => claim.eni !== eni && claim.beat !== beats.get(claim.eni))
      .map(({ claim, isVoid }): ObservedClaim => ({ claim, liveness: isVoid ? 'void' : 'alive' }))
    return judgeClaims(testimony, { self, mute: isHeld && mute }, others)
  }

  return {
    publish() {
      last = last.then(publishNow)
    },

    async hold(rules) {
      const beat = async () => {
        await publishNow()
        return begun && { self: begun.self, mute }
      }
      isHeld = true
      const beats = await awaitClearance({ ...rules, beat, read: readAtLeisure }, wanted)
      if (begun) begun = { ...begun, beats }
    },

    async reasonToYield() {
      // Whose priority is not known cannot tell who is higher: keepalived can, and says that we are MASTER.
      if (!begun || (!isHeld && begun.self.priority === undefined)) return undefined
      try {
        const { action, reason } = await judgeRenewed(begun)
        return action === 'yield' ? reason : undefined
      } catch (error) {
        if (isHeld) throw error
        if (!wanted.signal.aborted)
          log.warn({ hint: hintOf(error) }, `what the others claim is not known: ${messageOf(error)}`)
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
  log.error({ hint: hintOf(error) }, `the others cannot see this node's claim: ${messageOf(error)}`)
}

/** The same, for no longer than that. */
export function within(ms: number, wanted: Wanted): Wanted {
  return { ...wanted, signal: AbortSignal.any([wanted.signal, deadline(ms)]) }
}

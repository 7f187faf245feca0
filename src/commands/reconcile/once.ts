/** What would be decided now, by a node that has watched nobody yet: for looking. */

import { probeFor, stateOf } from '../../agent/node/keepalived-state.ts'
import { openNode } from '../../agent/node/node.ts'
import type { Reader } from '../../agent/node/reading.ts'
import { type CallContext, retryWithLogging } from '../../agent/node/route-port.ts'
import type { Config } from '../../config/schema.ts'
import { type Doubt, doubtText, type NodeState } from '../../core/claim.ts'
import { type Decision, decide, type ObservedClaim } from '../../core/decide.ts'
import type { EniId } from '../../core/ids.ts'
import { judgePins } from '../../core/pin.ts'
import type { Reading } from '../../core/protocol/inputs-and-effects.ts'

export type InstanceDecision = {
  readonly name: string
  /** keepalived's, on this node. */
  readonly state: NodeState
  readonly priority: number | undefined
  readonly decision: Decision
}

/** Reads everything once and writes nothing. @throws Failure where it cannot be read */
export async function decideOnce(
  config: Config,
  context: CallContext,
): Promise<{ readonly eni: EniId; readonly instances: readonly InstanceDecision[] }> {
  const { eni, address, reader } = await openNode(config, context)
  const probed = await probeFor(config).read()
  if (probed.kind === 'unknown') context.log.warn(`keepalived's state is unknown: ${probed.reason}`)
  const instances = await Promise.all(
    Object.entries(config.instances).map(async ([name, { priority: configured }]) => {
      const { reading, doubts } = await retryWithLogging((signal) => readAll(reader, name, signal), context)
      const { routes, claims, pins, unreachable, date } = reading
      for (const doubt of doubts) context.log.warn(`${name}: ${doubtText(doubt)}`)
      const { state = 'UNKNOWN', priority = configured } = stateOf(probed, name) ?? {}
      const others = claims
        .filter(({ claim }) => claim.eni !== eni)
        .map(
          ({ claim, isUnreachable }): ObservedClaim => ({ claim, liveness: isUnreachable ? 'unreachable' : 'unknown' }),
        )
      const decision = decide({
        self: { eni, state, priority, address, since: '', beat: '' },
        isUnreachable: unreachable.has(eni),
        mute: false,
        others,
        isPersistent: false,
        isAbandoned: false,
        pin: judgePins(pins, date, (id) => unreachable.has(id)).valid,
        routes,
      })
      return { name, state, priority, decision }
    }),
  )
  return { eni, instances }
}

/** @throws Failure also where the claims alone cannot be read */
async function readAll(
  reader: Reader,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly reading: Reading; readonly doubts: readonly Doubt[] }> {
  const { reading, doubts } = await reader.read(name, signal)
  if ('error' in reading) throw reading.error
  return { reading, doubts }
}

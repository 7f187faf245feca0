/** What a hook that acts without a daemon tells the other nodes. Apart, so that it is loaded after the routes are written. */
import { instanceOf } from '../../config/instances.ts'
import { loadKeptConfig } from '../../config/kept-config.ts'
import { type Config, claimTtlOf } from '../../config/schema.ts'
import type { NodeState } from '../../core/claim.ts'
import type { EniId } from '../../core/ids.ts'
import type { Ec2 } from '../../ec2/client.ts'
import { addressOfThisInstance } from '../../ec2/identity.ts'
import { addressOfEni } from '../../ec2/interfaces.ts'
import type { VrrpEvent } from '../../keepalived/event.ts'
import { openWitness } from '../../witness/open.ts'
import { insist, openFor, ownEni, type Wanted } from '../route-port.ts'
import type { EdgeClaims } from './edge.ts'
import { logUnpublished, openClaims, PUBLISH_MS, publish, type Speaker, within } from './edge-claims.ts'

/** keepalived kills a hook of STOP a second after it was forked (vrrp_notify.c): milliseconds of the process' life. */
const STOP_ENDS_MS = 900

/** Begins to watch the claims: with `failover: safe`, not before they say that the routes are this node's. */
export async function openEdgeClaims(
  event: VrrpEvent,
  config: Config,
  ec2: Ec2,
  eni: EniId,
  wanted: Wanted,
): Promise<EdgeClaims> {
  const claims = openClaims(speakerOf(event, config, ec2, eni), wanted)
  if (config.failover === 'safe') await claims.hold({ intervalMs: config.interval, ttlMs: claimTtlOf(config) })
  return claims
}

/** Publishes that this node is not MASTER; what keeps it from that is logged. */
export async function publishState(
  event: VrrpEvent,
  state: NodeState,
  { configPath, stateDirectory }: { readonly configPath: string; readonly stateDirectory: string },
  wanted: Wanted,
): Promise<void> {
  const { clock } = wanted
  const inTime = within(state === 'STOP' ? Math.max(0, STOP_ENDS_MS - clock.now()) : PUBLISH_MS, wanted)
  try {
    const config = await loadKeptConfig(configPath, stateDirectory)
    instanceOf(config, event.name)
    const [ec2, eni] = await Promise.all([openFor(config, inTime), ownEni(config, inTime)])
    const { priority, witness, address } = speakerOf(event, config, ec2, eni)
    const now = new Date(clock.wall()).toISOString()
    const known = { state, priority, since: now, beat: now }
    await publish(event.name, { eni, address: await address(inTime), ...known }, witness, inTime)
  } catch (error) {
    logUnpublished(error, wanted)
  }
}

function speakerOf(event: VrrpEvent, config: Config, ec2: Ec2, eni: EniId): Speaker {
  const { instances, interface: name } = config
  return {
    event,
    eni,
    priority: event.priority ?? instances[event.name]?.priority,
    witness: openWitness(config, ec2, [event.name]),
    address: (wanted) =>
      insist((signal) => (config.eni ? addressOfEni(ec2, eni, signal) : addressOfThisInstance(name)), wanted),
  }
}

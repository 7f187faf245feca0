/** The ports of one VRRP instance's agent, for the daemon and hooks alike. */
import { instanceOf } from '../../config/instances.ts'
import { type Doubt, doubtText } from '../../core/claim.ts'
import { judgePins } from '../../core/pin.ts'
import type { AgentPorts } from '../agent.ts'
import { type KnownRoutes, knownRoutesOf, loadKnownRoutes, saveKnownRoutes } from './known-routes.ts'
import type { Node } from './node.ts'
import type { InstanceReading } from './reading.ts'
import { writeRouteWithRetries } from './route-port.ts'
import type { StateKeeper } from './state-keeper.ts'

export type PortOptions = {
  readonly stateDirectory: string
  readonly keeper: StateKeeper
  /** Called before every attempt to write; throws once the writes are no longer wanted. */
  readonly permit: () => void
  /** Called with every reading. */
  readonly onReading?: (reading: InstanceReading) => void
}

/** Saves what every good read shows, so that the next edge can write without reading first. */
export function instancePorts(
  { config, ec2, eni, reader, witness, clock, log }: Omit<Node, 'address' | 'vpc'>,
  name: string,
  { stateDirectory, keeper, permit, onReading = () => {} }: PortOptions,
): AgentPorts {
  const { vips, createMissing, takeOver } = instanceOf(config, name)
  let saved = loadKnownRoutes(stateDirectory, name, config)
  function save(next: KnownRoutes): void {
    if (JSON.stringify(next) === JSON.stringify(saved)) {
      keeper.retry()
      return
    }
    saved = next
    keeper.save(`view of ${name}`, () => saveKnownRoutes(stateDirectory, name, config, next))
  }
  let told: readonly string[] = []
  /** Logs each doubt once for as long as it lasts. */
  function tell(doubts: readonly Doubt[]): void {
    const texts = doubts.map(doubtText)
    for (const text of texts) if (!told.includes(text)) log.warn({ instance: name }, text)
    told = texts
  }
  return {
    async read(signal) {
      const read = await reader.read(name, signal)
      tell(read.doubts)
      onReading(read)
      const { reading, selection, vpc } = read
      const pin =
        'error' in reading
          ? saved?.pin
          : judgePins(reading.pins, reading.date, (id) => reading.unreachable.has(id)).valid
      save({ ...knownRoutesOf(selection.tables, vips, { createMissing, takeOver, vpc }), pin })
      return reading
    },
    write: (key, inEdge, signal) =>
      writeRouteWithRetries(ec2, key, eni, createMissing, inEdge ? 'edge' : 'other', { permit, signal, clock, log }),
    publish: (claim, signal) => witness.publish(name, claim, signal),
  }
}

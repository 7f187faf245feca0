/**
 * The ports of a single event's agent. Until EC2 has answered the first write, nothing is loaded or requested that the
 * write does not need.
 */

import { addressOfThisInstance, Metadata, vpcOfThisInstance } from '../../adapters/ec2/instance-metadata.ts'
import { instanceOf } from '../../config/instances.ts'
import type { RouteKey } from '../../core/route.ts'
import type { AgentPorts } from '../agent.ts'
import type { Ledger } from '../node/ledger.ts'
import type { Identity } from '../node/own-interface.ts'
import type { InstanceReading } from '../node/reading.ts'
import { type TableSelection, writeRouteWithRetries } from '../node/route-port.ts'
import type { EventTask } from './event-agent.ts'
import { needsReads } from './event-life.ts'
import { followInterface } from './followed-interface.ts'

export type EventPorts = AgentPorts & {
  /** The error of the last read and of the last publish, if it failed. */
  readonly problems: { read: unknown; publish: unknown }
  /** Resolves when the first write is answered or overdue; at once if there is nothing to write. */
  underWay(): Promise<void>
  /** Resolves when no write is in flight. */
  settled(): Promise<void>
}

export type EventPortOptions = {
  readonly ledger: Ledger
  readonly onSelection: (selection: TableSelection) => void
  /** Called with this node's VRRP source address once it is known. */
  readonly onAddress: (address: string) => void
  /** Called when this node's interface has changed. */
  readonly onIdentity: (identity: Identity) => void
}

/** This node's VRRP source address, and the VPC of its interface if known. */
type Place = Pick<Identity, 'address' | 'vpc'>

const NEVER = new Promise<never>(() => {})

export function eventPorts(
  task: EventTask,
  { ledger, onSelection, onAddress, onIdentity }: EventPortOptions,
): EventPorts {
  const { event, config, ec2, stateDirectory, permit, clock, log } = task
  const { createMissing } = instanceOf(config, event.name)
  const problems: EventPorts['problems'] = { read: undefined, publish: undefined }
  const writes = new Set<Promise<unknown>>()
  let open = () => {}
  const isAnswered = new Promise<void>((resolve) => {
    open = resolve
  })

  const own = followInterface(task, (identity) => {
    place = Promise.resolve(identity)
    others = once(openOthers)
    onIdentity(identity)
  })

  const underWay = async () => {
    if (writes.size > 0) await isAnswered
  }

  async function write(key: RouteKey, inEdge: boolean, wanted: AbortSignal): Promise<unknown> {
    const signal = AbortSignal.any([wanted, task.signal])
    let attempts = 0
    function permitAttempt(): void {
      attempts += 1
      // The first attempt has failed or is overdue.
      if (attempts > 1) open()
      permit()
    }
    try {
      const options = { permit: permitAttempt, signal, clock, log }
      const eni = own.eni()
      const how = await own.naming(eni, () =>
        writeRouteWithRetries(ec2, key, eni, createMissing, inEdge ? 'edge' : 'other', options),
      )
      ledger.accepted(key, how)
      return how
    } catch (error) {
      if (!wanted.aborted) ledger.failed(key, error)
      throw error
    } finally {
      open()
    }
  }

  async function openOthers() {
    await underWay()
    const [{ openWitness }, { sharedReader }, { instancePorts }, { createStateKeeper }] = await Promise.all([
      import('../../adapters/witness/open.ts'),
      import('../node/reading.ts'),
      import('../node/instance-ports.ts'),
      import('../node/state-keeper.ts'),
    ])
    const witness = openWitness(config, ec2, [event.name])
    const eni = own.eni()
    const alone = { ...config, instances: { [event.name]: instanceOf(config, event.name) } }
    const vpc = (signal: AbortSignal) =>
      ownPlace(signal).then(
        (found) => found.vpc,
        () => undefined,
      )
    const reader = sharedReader(ec2, witness, alone, { eni, vpc }, clock)
    const node = { config, ec2, eni, reader, witness, clock, log }
    const onReading = ({ selection }: InstanceReading) => onSelection(selection)
    const keeper = createStateKeeper(stateDirectory, log)
    return instancePorts(node, event.name, { stateDirectory, keeper, permit, onReading })
  }
  let others = once(openOthers)

  async function lookUpPlace(signal: AbortSignal): Promise<Place> {
    const found = config.eni
      ? await import('../../adapters/ec2/operations/interfaces.ts').then(({ placeOfEni }) =>
          placeOfEni(ec2, own.eni(), signal),
        )
      : await placeOfThisInstance(config.interface)
    onAddress(found.address)
    return found
  }
  let place: Promise<Place> | undefined
  /** Asked for with the first read or claim, and kept. */
  function ownPlace(signal: AbortSignal): Promise<Place> {
    place ??= lookUpPlace(signal).catch((error: unknown) => {
      place = undefined
      throw error
    })
    return place
  }

  return {
    problems,
    underWay,
    write(key, inEdge, wanted) {
      ledger.began(key)
      task.onWrites(ledger.count().writes)
      const writing = write(key, inEdge, wanted)
      writes.add(writing)
      writing.catch(() => {}).finally(() => writes.delete(writing))
      return writing
    },
    async read(signal) {
      if (!needsReads(event.state)) return NEVER
      const { read } = await others()
      try {
        // The address only breaks ties between claims of equal priority.
        const [reading] = await Promise.all([read(signal), ownPlace(signal).catch(() => {})])
        if (config.eni === undefined && !('error' in reading) && reading.unreachable.has(own.eni())) {
          await own.replaced(`${own.eni()} is not attached to any instance`)
          return this.read(signal)
        }
        problems.read = 'error' in reading ? reading.error : undefined
        ledger.lookedAt(reading.routes)
        return reading
      } catch (error) {
        problems.read = error
        throw error
      }
    },
    async publish(claim, signal) {
      const { publish } = await others()
      try {
        const { address } = await ownPlace(signal)
        const named = { ...claim, address }
        await own.naming(claim.eni, () => publish(named, signal))
        problems.publish = undefined
      } catch (error) {
        problems.publish = error
        throw error
      }
    },
    async settled() {
      await Promise.allSettled(writes)
    },
  }
}

async function placeOfThisInstance(interfaceName: string | undefined): Promise<Place> {
  const metadata = new Metadata()
  const [address, vpc] = await Promise.all([
    addressOfThisInstance(interfaceName, metadata),
    vpcOfThisInstance(interfaceName, metadata).catch(() => undefined),
  ])
  return { address, vpc }
}

/** Makes the value on the first call only. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** What must hold at every single step of every node, whatever the faults are. Each rule restates the design. */
import type { Effect, Input, ProtocolState, Reading } from '../../src/agent/protocol/state.ts'
import { type RouteKey, routeKeyText } from '../../src/core/route.ts'
import type { World } from './world.ts'
import type { Watch, WorldNode } from './world-node.ts'

const SETTLE_MS = 3000
const LONGEST_EDGE_MS = 5000
const WRITES_PER_EDGE = 3
const EDGE_MEMORY_MS = 60_000
const FREE_EDGES = 2
const LOOKS_MS = [1000, 3000]
const RX_LOWER_PRI_SPACING_MS = 1000
const BRAKE_MS = 600_000
const FREE_HEALS = 3
const HEAL_MEMORY_MS = 3_600_000

/** What is remembered of one life of one daemon. */
type Record = {
  readonly life: number
  reading: Reading | undefined
  lastReadFailed: boolean
  isMute: boolean
  edges: number[]
  edge: { startedAt: number; writes: Map<string, number> } | undefined
  /** When each route was last written by a decision, not by an edge. */
  decided: Map<string, number>
  /** When each route was written, by a request that was answered, in this mastership. */
  accepted: Map<string, number>
  /** Routes that are being taken back from an external writer, and when such writes were accepted. */
  healing: Set<string>
  heals: Map<string, number[]>
  rxReadAt: number | undefined
  /** When it must look again at what it wrote, or at what it was told. */
  looks: number[]
}

export class BrokenRule extends Error {
  override name = 'BrokenRule'
}

type Step = {
  readonly node: WorldNode
  readonly input: Input
  readonly before: ProtocolState
  readonly after: ProtocolState
  readonly effects: readonly Effect[]
  readonly record: Record
}

/** Watches a world, and throws BrokenRule as soon as a node does what it must not. */
export class Rules {
  readonly #records = new Map<WorldNode, Record>()
  readonly #world: () => World
  edges = 0

  constructor(world: () => World) {
    this.#world = world
  }

  watch(): Required<Pick<Watch, 'stepped' | 'sending'>> {
    return {
      stepped: (node, input, before, effects) => this.#stepped(node, input, before, effects),
      sending: (node, key, decidedAt) => this.#sending(node, key, decidedAt),
    }
  }

  #record(node: WorldNode): Record {
    const known = this.#records.get(node)
    if (known?.life === node.life) return known
    const record: Record = {
      life: node.life,
      reading: undefined,
      lastReadFailed: false,
      isMute: false,
      edges: [],
      edge: undefined,
      decided: new Map(),
      accepted: new Map(),
      healing: new Set(),
      heals: new Map(),
      rxReadAt: undefined,
      looks: [],
    }
    this.#records.set(node, record)
    return record
  }

  #stepped(node: WorldNode, input: Input, before: ProtocolState, effects: readonly Effect[]): void {
    const after = node.protocol
    if (!after) return
    const step = { node, input, before, after, effects, record: this.#record(node) }
    this.#checkLooks(step)
    this.#noteState(step)
    this.#noteAnswers(step)
    for (const effect of effects) {
      if (effect.kind === 'write') this.#checkWrite(step, effect.keys)
    }
    if (input.kind === 'rx-lower-pri') this.#checkProof(step)
  }

  #noteAnswers({ input, record }: Step): void {
    if (input.kind === 'read') {
      record.lastReadFailed = input.reading === undefined
      record.reading = input.reading ?? record.reading
    }
    if (input.kind === 'published') record.isMute = !input.acknowledged
    if (input.kind === 'written') this.#noteWritten(record, routeKeyText(input.key), input.accepted)
  }

  #noteWritten({ accepted, healing, heals }: Record, text: string, isAccepted: boolean): void {
    const { now } = this.#world()
    const isHeal = healing.delete(text)
    if (!isAccepted) return
    accepted.set(text, now)
    if (isHeal) heals.set(text, [...(heals.get(text) ?? []), now])
  }

  #noteState(step: Step): void {
    const { node, input, before, after, effects, record } = step
    if (effects.some(({ kind }) => kind === 'abort')) record.healing.clear()
    const wasMaster = before.self.state === 'MASTER'
    const isMaster = after.self.state === 'MASTER'
    if (wasMaster && !isMaster) {
      record.edge = undefined
      record.accepted.clear()
      if (before.writing.length > 0 && effects[0]?.kind !== 'abort') {
        throw new BrokenRule(`${node.name} left MASTER and did not abort its writes before anything else`)
      }
    }
    const isFound = input.kind === 'state' && input.found
    if (!wasMaster && isMaster && !isFound) this.#noteEdge(step)
  }

  /** What was to be looked at by now must be under way, and nothing newer may have been asked for in vain. */
  #checkLooks({ node, input, before, after, effects, record }: Step): void {
    const { now } = this.#world()
    const isReading = effects.some(({ kind }) => kind === 'read') || after.reading
    const wasPaused = (at: number) => node.pausedUntil >= at
    const missed = record.looks.find((at) => at < now && !wasPaused(at))
    if (missed !== undefined) throw new BrokenRule(`${node.name} did not look again when it had to`)
    const isOver = before.edge !== undefined && after.edge === undefined
    // A proof of a lower master brings looks of its own.
    const isProof = input.kind === 'rx-lower-pri'
    record.looks =
      isOver || isProof || after.self.state !== 'MASTER' ? [] : record.looks.filter((at) => !(at <= now && isReading))
  }

  /** Edges as the design defines them, from the outside: into MASTER, and not found so at the start. */
  #noteEdge({ node, before, after, effects, record }: Step): void {
    const { now } = this.#world()
    this.edges += 1
    const recent = record.edges.filter((at) => now - at < EDGE_MEMORY_MS)
    const isHeld = recent.length >= FREE_EDGES || after.settings.failover === 'safe'
    record.edges = [...recent, now]
    record.edge = isHeld ? undefined : { startedAt: now, writes: new Map() }
    const writes = effects.some(({ kind }) => kind === 'write')
    if (isHeld && writes) throw new BrokenRule(`${node.name} wrote at once in an edge that is to be held`)
    const pin = knownPin(record.reading)
    const isElsewhere = pin !== undefined && pin.eni !== node.eni
    if (!isHeld && !isElsewhere && before.foreign.length < before.keys.length && !writes) {
      throw new BrokenRule(`${node.name} became MASTER and did not write at once`)
    }
  }

  #checkWrite(step: Step, keys: readonly RouteKey[]): void {
    const { node, input, before, after, record } = step
    this.#checkRight(step)
    const isEdge = record.edge !== undefined && (input.kind !== 'read' || before.edge !== undefined) && after.edge
    for (const key of keys) {
      this.#checkRefused(node, record, key)
      if (isEdge && record.edge) this.#checkEdgeWrite(node, record, record.edge, key)
      else this.#checkDecidedWrite(node, record, key)
    }
    // A pin says to all whose the routes are, whether or not its node can.
    if (isEdge || !record.isMute || knownPin(record.reading)) return
    const seen = record.reading?.claims.find(
      ({ claim, isVoid }) => claim.eni !== node.eni && claim.state === 'MASTER' && !isVoid,
    )
    if (seen) throw new BrokenRule(`${node.name} is mute and writes although ${seen.claim.eni} claims to be MASTER`)
  }

  /** Whether it may write anything at all. */
  #checkRight({ node, input, after, record }: Step): void {
    const pin = knownPin(record.reading)
    if (after.self.state !== 'MASTER' && pin?.eni !== node.eni) {
      throw new BrokenRule(`${node.name} writes although it knows that it is ${after.self.state}`)
    }
    if (pin && pin.eni !== node.eni && pin.until > this.#world().now) {
      throw new BrokenRule(`${node.name} writes although it knows that ${pin.eni} is pinned`)
    }
    if (input.kind === 'state' && input.found)
      throw new BrokenRule(`${node.name} writes what it has not read, in no edge`)
    if (input.kind === 'read' && !input.reading) throw new BrokenRule(`${node.name} writes on a read that failed`)
    if (input.kind === 'wake' || input.kind === 'written' || input.kind === 'published') {
      throw new BrokenRule(`${node.name} writes on ${input.kind}: neither an edge nor a decision`)
    }
  }

  #checkRefused(node: WorldNode, { reading }: Record, key: RouteKey): void {
    const text = routeKeyText(key)
    const known = reading?.routes.find((route) => routeKeyText(route.key) === text)
    if (known && isRefused(known)) throw new BrokenRule(`${node.name} writes ${text}, which it knows to be refused`)
  }

  #checkEdgeWrite(node: WorldNode, record: Record, edge: NonNullable<Record['edge']>, key: RouteKey): void {
    record.looks = LOOKS_MS.map((ms) => this.#world().now + ms)
    const text = routeKeyText(key)
    const count = (edge.writes.get(text) ?? 0) + 1
    edge.writes.set(text, count)
    if (count > WRITES_PER_EDGE) throw new BrokenRule(`${node.name} writes ${text} for the ${count}th time in one edge`)
    if (this.#world().now - edge.startedAt >= LONGEST_EDGE_MS) {
      throw new BrokenRule(`${node.name} still writes as in an edge after ${LONGEST_EDGE_MS} ms`)
    }
  }

  #checkDecidedWrite(node: WorldNode, record: Record, key: RouteKey): void {
    const { now } = this.#world()
    const text = routeKeyText(key)
    record.decided.set(text, now)
    const acceptedAt = record.accepted.get(text)
    if (acceptedAt !== undefined && now - acceptedAt < SETTLE_MS) {
      throw new BrokenRule(`${node.name} takes a stale read of ${text} for drift`)
    }
    if (!this.#isExternal(record, text)) return
    const heals = (record.heals.get(text) ?? []).filter((at) => now - at < HEAL_MEMORY_MS)
    const last = heals.at(-1)
    if (heals.length >= FREE_HEALS && last !== undefined && now - last < BRAKE_MS) {
      throw new BrokenRule(`${node.name} does not brake at an external writer of ${text}`)
    }
    record.healing.add(text)
  }

  #isExternal({ reading }: Record, text: string): boolean {
    const standing = reading?.routes.find(({ key }) => routeKeyText(key) === text)?.standing
    if (standing?.kind !== 'elsewhere') return false
    const { target } = standing.route
    return target.kind !== 'eni' || !reading?.claims.some(({ claim }) => claim.eni === target.eni)
  }

  /** A proof of a lower master is looked into at once, but not more than once a second. */
  #checkProof({ node, before, after, effects, record }: Step): void {
    const { now } = this.#world()
    const reads = effects.some(({ kind }) => kind === 'read')
    const isSoon = record.rxReadAt !== undefined && now - record.rxReadAt < RX_LOWER_PRI_SPACING_MS
    if (reads && isSoon) throw new BrokenRule(`${node.name} reads more than once a second for MASTER_RX_LOWER_PRI`)
    if (reads) record.rxReadAt = now
    if (before.self.state === 'MASTER' && !after.reading && after.looks.length === 0) {
      throw new BrokenRule(`${node.name} does not look into MASTER_RX_LOWER_PRI`)
    }
  }

  /** Whether an external writer may have made it slow. */
  hasToBrake(node: WorldNode): boolean {
    return [...this.#record(node).heals.values()].some((heals) => heals.length >= FREE_HEALS)
  }

  /** Every request, retries too: what was right when it was decided may be so no more. */
  #sending(node: WorldNode, key: RouteKey, decidedAt: number): void {
    const { now } = this.#world()
    const record = this.#record(node)
    const pin = knownPin(record.reading)
    if (!node.protocol) throw new BrokenRule(`${node.name} sends a write although its daemon is dead`)
    if (node.protocol.self.state !== 'MASTER' && pin?.eni !== node.eni) {
      throw new BrokenRule(`${node.name} sends a write although it knows that it is ${node.protocol.self.state}`)
    }
    if (decidedAt === now) return
    this.#checkRefused(node, record, key)
    if (record.lastReadFailed && !node.protocol.edge) {
      throw new BrokenRule(`${node.name} sends a write again after a read has failed`)
    }
    const isOfEdge = record.edge !== undefined && record.decided.get(routeKeyText(key)) !== decidedAt
    if (isOfEdge && record.edge && now > record.edge.startedAt + LONGEST_EDGE_MS) {
      throw new BrokenRule(`${node.name} sends a write of an edge again that is over`)
    }
  }
}

function isRefused({ standing }: Reading['routes'][number]): boolean {
  return standing.kind === 'refused'
}

/** The pin that counts in a reading. */
function knownPin(reading: Reading | undefined): Reading['pins'][number] | undefined {
  return reading?.pins
    .filter(({ eni, until }) => until > reading.date && !reading.voids.has(eni))
    .toSorted((a, b) => b.since - a.since)[0]
}

/** What must hold at every single step of every node, whatever the faults are. Each rule restates the design. */
import type { Effect, Input, Reading } from '../../src/core/protocol/inputs-and-effects.ts'
import type { ProtocolState } from '../../src/core/protocol/state.ts'
import { routeKeyText } from '../../src/core/route.ts'
import { HookRules } from './hook-rules.ts'
import { type ActorRecord, BrokenRule, blankRecord, knownPin, type Step } from './record.ts'
import type { World } from './world.ts'
import type { Actor, Watch, WorldNode } from './world-node.ts'
import { checkSending, checkWrite, mayBrake } from './writing-rules.ts'

const EDGE_MEMORY_MS = 60_000
const FREE_EDGES = 2
const RX_LOWER_PRI_SPACING_MS = 1000
const PUBLISH_SPACING_MS = 1000
/** Claims at once, after which there is one a second. */
const FREE_PUBLISHES = 2

/** What is known after a read that showed the routes alone. */
function withRoutes(reading: Reading, routes = reading.routes): Reading {
  return { ...reading, routes }
}
/** A node's later interfaces are numbered. */
const nodeOf = (eni: string) => eni.replace(/^eni-|\d+$/g, '')

/** Reads of routes are stale by as much at most. */
const STALEST_MS = 6000

/** Watches a world, and throws BrokenRule as soon as a node does what it must not. */
export class Rules {
  readonly #records = new Map<Actor, ActorRecord>()
  readonly #world: () => World
  readonly #silenced: ReadonlySet<string>
  readonly #hooks = new HookRules(
    () => this.#world().now,
    (hook) => this.#record(hook),
  )
  edges = 0
  accusations = 0

  /** @param silenced names of the nodes whose claims may not have come through */
  constructor(world: () => World, silenced: ReadonlySet<string>) {
    this.#world = world
    this.#silenced = silenced
  }

  watch(): Watch {
    return {
      stepped: (actor, input, before, effects) => this.#stepped(actor, input, before, effects),
      sending: (actor, key, decidedAt) => {
        this.#hooks.checkCall(actor)
        const { node } = actor
        checkSending({ now: this.#world().now, actor, node, record: this.#record(actor) }, key, decidedAt)
      },
      ...this.#hooks.watch(),
    }
  }

  #record(actor: Actor): ActorRecord {
    const known = this.#records.get(actor)
    if (known?.life === actor.life) return known
    const record = blankRecord(actor.life)
    this.#records.set(actor, record)
    return record
  }

  #stepped(actor: Actor, input: Input, before: ProtocolState, effects: readonly Effect[]): void {
    const { node, protocol: after } = actor
    if (!after) return
    const step = { now: this.#world().now, actor, node, input, before, after, effects, record: this.#record(actor) }
    this.#checkLooks(step)
    this.#noteState(step)
    this.#checkAccusations(step)
    this.#noteAnswers(step)
    for (const effect of effects) {
      if (effect.kind === 'write') checkWrite(step, effect.keys)
      if (effect.kind === 'publish') checkPublish(step)
    }
    if (input.kind === 'rx-lower-pri') this.#checkProof(step)
  }

  #noteAnswers({ input, before, record }: Step): void {
    if (input.kind === 'read') {
      record.lastReadFailed = input.reading === undefined
      record.routes = input.reading ? input.reading.routes : input.routes
      record.reading = input.reading ?? (record.reading && withRoutes(record.reading, input.routes))
    }
    // An answer that comes when the interface is another one already says nothing of the new one.
    if (input.kind === 'published' && input.beat === before.publishing) record.isMute = !input.acknowledged
    if (input.kind === 'written') this.#noteWritten(record, routeKeyText(input.key), input.accepted)
    // What was written, said and pinned before was about another interface.
    if (input.kind !== 'identity') return
    const { reading } = record
    const pins = reading?.pins.filter(({ eni }) => eni !== before.self.eni) ?? []
    Object.assign(record, {
      isMute: false,
      publishes: [],
      accepted: new Map(),
      reading: reading && { ...reading, pins },
    })
    record.edge?.writes.clear()
  }

  #noteWritten(record: ActorRecord, text: string, isAccepted: boolean): void {
    const { now } = this.#world()
    const { accepted, healing, heals, refused } = record
    const isHeal = healing.delete(text)
    refused.delete(text)
    if (!isAccepted) {
      refused.add(text)
      return
    }
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
    // To an agent that has just begun, a proof of a lower master says what was so before.
    const isFound = input.kind === 'state' ? input.found : before.self.state === 'UNKNOWN'
    if (!wasMaster && isMaster && !isFound) this.#noteEdge(step)
  }

  /** Nobody is accused of what a node did by right, and was able to claim. */
  #checkAccusations({ node, before, after }: Step): void {
    const { setToNodes } = this.#world()
    const known = new Set(Object.values(before.takings).flat())
    const accused = Object.values(after.takings).flatMap((takings) => takings.filter((each) => !known.has(each)))
    for (const { route, taker, at } of accused) {
      if (taker.kind !== 'member' || this.#silenced.has(nodeOf(taker.eni))) continue
      const from = taker.heldAt - STALEST_MS
      if (setToNodes.some((set) => set.route === route && set.eni === taker.eni && set.at >= from && set.at <= at)) {
        this.accusations += 1
      } else throw new BrokenRule(`${node.name} takes what ${taker.eni} did by right for somebody else's deed`)
    }
  }

  /** What was to be looked at by now must be under way, and nothing newer may have been asked for in vain. */
  #checkLooks({ now, node, input, before, after, effects, record }: Step): void {
    const isReading = effects.some(({ kind }) => kind === 'read') || after.readingSince !== undefined
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
  #noteEdge({ now, node, before, after, effects, record }: Step): void {
    this.edges += 1
    const recent = record.edges.filter((at) => now - at < EDGE_MEMORY_MS)
    const isHeld = recent.length >= FREE_EDGES || after.settings.failover === 'safe'
    record.edges = [...recent, now]
    record.edge = isHeld ? undefined : { startedAt: now, writes: new Map() }
    const writes = effects.some(({ kind }) => kind === 'write')
    if (isHeld && writes) throw new BrokenRule(`${node.name} wrote at once in an edge that is to be held`)
    const pin = knownPin(record)
    const isElsewhere = pin !== undefined && pin.eni !== after.self.eni
    if (!isHeld && !isElsewhere && before.foreign.length < before.keys.length && !writes) {
      throw new BrokenRule(`${node.name} became MASTER and did not write at once`)
    }
  }

  /** A proof of a lower master is looked into at once, but not more than once a second. */
  #checkProof({ now, node, before, after, effects, record }: Step): void {
    // What makes a MASTER of another state is an edge, and reads for that.
    const reads = before.self.state === 'MASTER' && effects.some(({ kind }) => kind === 'read')
    const isSoon = record.rxReadAt !== undefined && now - record.rxReadAt < RX_LOWER_PRI_SPACING_MS
    if (reads && isSoon) throw new BrokenRule(`${node.name} reads more than once a second for MASTER_RX_LOWER_PRI`)
    if (reads) record.rxReadAt = now
    if (before.self.state === 'MASTER' && after.readingSince === undefined && after.looks.length === 0) {
      throw new BrokenRule(`${node.name} does not look into MASTER_RX_LOWER_PRI`)
    }
  }

  /** Whether an external writer may have made it slow. */
  hasToBrake(node: WorldNode): boolean {
    return mayBrake(this.#record(node.daemon))
  }
}

/** However often its state changes, it has told the others as much as they need to know. */
function checkPublish({ now, node, after, record }: Step): void {
  if (record.isMute) return
  const spacing = after.settings.beatEveryMs === undefined ? PUBLISH_SPACING_MS : PUBLISH_SPACING_MS / 2
  const before = record.publishes.at(-FREE_PUBLISHES)
  if (before !== undefined && now - before < spacing) throw new BrokenRule(`${node.name} publishes too often`)
  record.publishes = [...record.publishes, now].slice(-FREE_PUBLISHES)
}

/** EC2 and the nodes of a cluster in simulated time: the real protocol, everything around it a model. */

import { step, wakeAt } from '../../src/agent/protocol.ts'
import {
  defaultSettings,
  type Effect,
  type Input,
  initialState,
  type ProtocolSettings,
  type ProtocolState,
  type Reading,
} from '../../src/agent/protocol-state.ts'
import type { Claim, NodeState } from '../../src/core/claim.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Pin } from '../../src/core/pin.ts'
import { type RouteKey, routeKeyText, standingOf, type Target } from '../../src/core/route.ts'
import { parseVip } from '../../src/core/vip.ts'
import { eni, rtb, tableWith } from '../fixtures.ts'

export type Api = {
  reads: 'up' | 'down'
  writes: 'up' | 'down'
  publishes: 'up' | 'down' | 'denied'
  /** Reads show what was so many milliseconds ago. */
  staleMs: number
}

export type WorldNode = {
  readonly name: string
  readonly eni: EniId
  readonly priority: number | undefined
  readonly address: string
  api: Api
  /** Undefined: the daemon is dead. */
  protocol: ProtocolState | undefined
  vrrp: NodeState
  /** Events and wake-ups wait while the machine is paused. */
  pausedUntil: number
  /** Of the daemon's life and of its writes: what belongs to an older one is not delivered. */
  life: number
  writeEpoch: number
  wallOffset: number
}

const VIP = parseVip('10.99.0.10')
const LATENCY_MS = 30
const TIMEOUT_MS = 2000
const RETRY_MS = 1000
const POLICY = { createMissing: true, takeOver: [] }

type Scheduled = { readonly at: number; readonly order: number; readonly run: () => void }
type Snapshot = { readonly at: number; readonly targets: ReadonlyMap<string, Target | undefined> }

export class World {
  now = 0
  readonly nodes = new Map<string, WorldNode>()
  readonly keys: readonly RouteKey[]
  /** Called with everything that a person would want to know. */
  readonly log: (line: string) => void
  readonly settings: ProtocolSettings
  #order = 0
  #queue: Scheduled[] = []
  #targets = new Map<string, Target | undefined>()
  #history: Snapshot[] = []
  #tags = new Map<EniId, Claim>()
  #pins = new Map<EniId, Pin>()
  #void = new Set<EniId>()
  /** Every accepted write, in order. */
  readonly writes: { readonly at: number; readonly node: string; readonly key: string }[] = []
  publishes = 0

  constructor(options: { tables: number; settings?: ProtocolSettings; log?: (line: string) => void }) {
    this.keys = Array.from({ length: options.tables }, (_, index) => ({ table: rtb(`rtb-${index + 1}`), vip: VIP }))
    this.settings = options.settings ?? defaultSettings(5000)
    this.log = options.log ?? (() => {})
    for (const key of this.keys) this.#targets.set(routeKeyText(key), undefined)
    this.#remember()
  }

  addNode(name: string, priority: number | undefined): WorldNode {
    const node: WorldNode = {
      name,
      eni: eni(`eni-${name}`),
      priority,
      address: `10.0.${this.nodes.size + 1}.10`,
      api: { reads: 'up', writes: 'up', publishes: 'up', staleMs: 0 },
      protocol: undefined,
      vrrp: 'BACKUP',
      pausedUntil: 0,
      life: 0,
      writeEpoch: 0,
      wallOffset: 0,
    }
    this.nodes.set(name, node)
    return node
  }

  node(name: string): WorldNode {
    const node = this.nodes.get(name)
    if (!node) throw new Error(`there is no node ${name}`)
    return node
  }

  /** Starts the daemon: it finds the state that keepalived is in. */
  start(node: WorldNode): void {
    node.life += 1
    const now = { monotonic: this.now, wall: this.now + node.wallOffset }
    node.protocol = initialState(this.settings, { eni: node.eni, address: node.address, keys: this.keys }, now)
    this.deliver(node, { kind: 'state', state: node.vrrp, priority: node.priority, found: true })
  }

  kill(node: WorldNode): void {
    node.life += 1
    node.writeEpoch += 1
    node.protocol = undefined
  }

  /** keepalived changes its state, and says so unless the line is lost. */
  vrrp(node: WorldNode, state: NodeState, options: { lost?: boolean } = {}): void {
    node.vrrp = state
    if (!options.lost) this.deliver(node, { kind: 'state', state, priority: node.priority, found: false })
  }

  setRoute(index: number, target: Target | undefined): void {
    const key = this.keys[index]
    if (!key) throw new Error(`there is no route table ${index + 1}`)
    this.#targets.set(routeKeyText(key), target)
    this.#remember()
  }

  targets(): (Target | undefined)[] {
    return this.keys.map((key) => this.#targets.get(routeKeyText(key)))
  }

  setVoid(id: EniId, isVoid: boolean): void {
    if (isVoid) this.#void.add(id)
    else this.#void.delete(id)
  }

  pin(id: EniId, durationMs: number): void {
    this.#pins.set(id, { eni: id, since: this.now, until: this.now + durationMs })
  }

  unpin(): void {
    this.#pins.clear()
  }

  claims(): Claim[] {
    return [...this.#tags.values()]
  }

  /** A write that some earlier life of the node sent, and that arrives only now. */
  lateWrite(node: WorldNode): void {
    for (const key of this.keys) this.#apply(node, key)
  }

  after(ms: number, run: () => void): void {
    this.#queue.push({ at: this.now + ms, order: this.#order++, run })
  }

  /** Lets so much time pass. */
  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      this.#queue.sort((a, b) => a.at - b.at || a.order - b.order)
      const next = this.#queue[0]
      if (!next || next.at > end) break
      this.#queue.shift()
      this.now = next.at
      next.run()
    }
    this.now = end
  }

  deliver(node: WorldNode, input: Input): void {
    if (!node.protocol) return
    if (this.now < node.pausedUntil) {
      const life = node.life
      this.after(node.pausedUntil - this.now, () => life === node.life && this.deliver(node, input))
      return
    }
    const now = { monotonic: this.now, wall: this.now + node.wallOffset }
    const before = node.protocol.decision
    const { state, effects } = step(node.protocol, input, now)
    node.protocol = state
    const { decision } = state
    if (decision && decision.reason !== before?.reason) {
      this.log(`${node.name}: ${decision.condition}: ${decision.reason}`)
    }
    for (const effect of effects) this.#perform(node, effect)
    this.#wake(node)
  }

  #wake(node: WorldNode): void {
    if (!node.protocol) return
    const { life } = node
    const at = wakeAt(node.protocol)
    this.after(Math.max(0, at - this.now), () => {
      if (life !== node.life || !node.protocol || wakeAt(node.protocol) > this.now) return
      this.#probe(node)
      this.deliver(node, { kind: 'wake' })
    })
  }

  /** Every tick, keepalived's true state is read: a line that was lost costs one tick. */
  #probe(node: WorldNode): void {
    if (node.protocol && node.protocol.self.state !== node.vrrp && this.now >= node.pausedUntil) {
      this.deliver(node, { kind: 'state', state: node.vrrp, priority: node.priority, found: false })
    }
  }

  #perform(node: WorldNode, effect: Effect): void {
    switch (effect.kind) {
      case 'read':
        this.#read(node)
        break
      case 'write':
        this.log(`${node.name} writes ${effect.keys.map((key) => key.table).join(', ')}`)
        for (const key of effect.keys) this.#write(node, key, node.writeEpoch)
        break
      case 'abort':
        node.writeEpoch += 1
        break
      case 'publish':
        this.#publish(node, effect.claim)
        break
    }
  }

  #read(node: WorldNode): void {
    const { life } = node
    const isUp = node.api.reads === 'up'
    this.after(isUp ? LATENCY_MS : TIMEOUT_MS, () => {
      if (life !== node.life) return
      const reading = isUp && node.api.reads === 'up' ? this.#reading(node) : undefined
      if (!reading) this.log(`${node.name} cannot read`)
      this.deliver(node, { kind: 'read', reading })
    })
  }

  #reading(node: WorldNode): Reading {
    const seenAt = this.now - node.api.staleMs
    const seen = this.#history.findLast((snapshot) => snapshot.at <= seenAt) ?? this.#history[0]
    const routes = this.keys.map((key) => {
      const target = seen?.targets.get(routeKeyText(key))
      const isBlackhole = target?.kind === 'eni' && this.#void.has(target.eni)
      const state = isBlackhole ? ('blackhole' as const) : ('active' as const)
      const table = tableWith(target ? [{ destination: key.vip, target, state, propagated: false }] : [], {
        id: key.table,
      })
      return { key, standing: standingOf(table, key.vip, node.eni, POLICY) }
    })
    const claims = this.claims().map((claim) => ({ claim, isVoid: this.#void.has(claim.eni) }))
    return { routes, claims, pins: [...this.#pins.values()], date: this.now }
  }

  #write(node: WorldNode, key: RouteKey, epoch: number): void {
    const isWanted = () => epoch === node.writeEpoch
    const isUp = node.api.writes === 'up'
    this.after(isUp ? LATENCY_MS : TIMEOUT_MS, () => {
      // What is on the wire when it is aborted arrives all the same; what has failed is tried again only if wanted.
      if (isUp) this.#apply(node, key)
      if (!isWanted()) return
      if (isUp) this.deliver(node, { kind: 'written', key, accepted: true })
      else this.after(RETRY_MS, () => isWanted() && this.#write(node, key, epoch))
    })
  }

  #apply(node: WorldNode, key: RouteKey): void {
    this.#targets.set(routeKeyText(key), { kind: 'eni', eni: node.eni, instance: undefined })
    this.#remember()
    this.writes.push({ at: this.now, node: node.name, key: routeKeyText(key) })
    this.log(`${key.table} → ${node.name}`)
  }

  #publish(node: WorldNode, claim: Claim): void {
    const { life } = node
    const { publishes } = node.api
    this.after(publishes === 'down' ? TIMEOUT_MS : LATENCY_MS, () => {
      if (publishes === 'up') {
        this.#tags.set(node.eni, claim)
        this.publishes += 1
      }
      if (life === node.life)
        this.deliver(node, { kind: 'published', beat: claim.beat, acknowledged: publishes === 'up' })
    })
  }

  #remember(): void {
    this.#history.push({ at: this.now, targets: new Map(this.#targets) })
    if (this.#history.length > 200) this.#history.shift()
  }
}

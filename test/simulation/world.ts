/** EC2 and the nodes of a cluster in simulated time: the real protocol, everything around it a model. */
import { isNews } from '../../src/agent/agent.ts'
import type { Claim, NodeState } from '../../src/core/claim.ts'
import { newDetails } from '../../src/core/detail.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Pin } from '../../src/core/pin.ts'
import { step, wakeAt } from '../../src/core/protocol/protocol.ts'
import {
  defaultSettings,
  type Effect,
  type Input,
  initialState,
  type ProtocolSettings,
} from '../../src/core/protocol/state.ts'
import { type RouteKey, routeKeyText, type Target } from '../../src/core/route.ts'
import { parseVip } from '../../src/core/vip.ts'
import { eni, rtb } from '../support/fixtures.ts'
import { Calls } from './calls.ts'
import { ControlPlane } from './control-plane.ts'
import { Queue } from './queue.ts'
import type { Api, Watch, WorldNode } from './world-node.ts'

export type { Api, WorldNode }

const VIP = parseVip('10.99.0.10')

export class World {
  now = 0
  readonly nodes = new Map<string, WorldNode>()
  readonly keys: readonly RouteKey[]
  /** Called with everything that a person would want to know. */
  readonly log: (line: string) => void
  readonly settings: ProtocolSettings
  readonly #watch: Watch
  readonly #queue = new Queue()
  readonly #ec2: ControlPlane
  /** The wake-ups of each node that are scheduled. */
  readonly #wakes = new Map<WorldNode, Set<number>>()
  readonly calls: Calls
  steps = 0
  /** Routes that somebody else set to a node, or that one of its writes reached long after. */
  readonly setToNodes: { readonly at: number; readonly route: string; readonly eni: EniId }[] = []

  constructor(options: { tables: number; settings?: ProtocolSettings; log?: (line: string) => void; watch?: Watch }) {
    this.keys = Array.from({ length: options.tables }, (_, index) => ({ table: rtb(`rtb-${index + 1}`), vip: VIP }))
    this.settings = options.settings ?? defaultSettings(5000)
    this.log = options.log ?? (() => {})
    this.#watch = options.watch ?? {}
    this.#ec2 = new ControlPlane(this.keys)
    this.calls = new Calls(this, this.#ec2, this.#watch)
  }

  addNode(name: string, priority: number | undefined, address = `10.0.${this.nodes.size + 1}.10`): WorldNode {
    const node: WorldNode = {
      name,
      eni: eni(`eni-${name}`),
      priority,
      address,
      api: { reads: 'up', claims: 'up', writes: 'up', publishes: 'up', staleMs: 0 },
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

  /** Starts the daemon, which does not know yet what state keepalived is in. */
  bear(node: WorldNode): void {
    node.life += 1
    const now = { monotonic: this.now, wall: this.now + node.wallOffset }
    node.protocol = initialState(this.settings, { eni: node.eni, address: node.address, keys: this.keys }, now)
  }

  /** Starts the daemon: it finds the state that keepalived is in. */
  start(node: WorldNode): void {
    this.bear(node)
    this.deliver(node, { kind: 'state', state: node.vrrp, priority: node.priority, found: true })
    this.#probeEachInterval(node, node.life)
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
    this.#ec2.setTarget(key, target, this.now)
    if (target?.kind === 'eni') this.setToNodes.push({ at: this.now, route: routeKeyText(key), eni: target.eni })
  }

  targets(): (Target | undefined)[] {
    return this.#ec2.targets()
  }

  setVoid(id: EniId, isUnreachable: boolean): void {
    this.#ec2.setVoid(id, isUnreachable)
  }

  isUnreachable(id: EniId): boolean {
    return this.#ec2.isUnreachable(id)
  }

  /** The interface is gone, and its tags with it. */
  deleteInterface(id: EniId): void {
    this.#ec2.deleteInterface(id, this.now)
  }

  /** Its instance has another interface, and the one before is deleted, or somebody else's; so much later its agent knows. */
  replaceInterface(node: WorldNode, id: EniId, knownAfterMs: number, isDeleted = true): void {
    if (isDeleted) this.deleteInterface(node.eni)
    this.after(knownAfterMs, () => {
      node.eni = id
      this.deliver(node, { kind: 'identity', eni: id, address: node.address })
    })
  }

  pin(id: EniId, durationMs: number): void {
    this.#ec2.setPin({ eni: id, since: this.now, until: this.now + durationMs })
  }

  unpin(): void {
    this.#ec2.clearPins()
  }

  pins(): Pin[] {
    return this.#ec2.pins()
  }

  claims(): Claim[] {
    return this.#ec2.claims()
  }

  /** Somebody else sets or removes the tag of a claim. */
  setClaim(id: EniId, claim: Claim | undefined): void {
    this.#ec2.setTag(id, claim, this.now)
  }

  after(ms: number, run: () => void): void {
    this.#queue.put(this.now + ms, run)
  }

  /** Lets so much time pass. */
  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = this.#queue.take(end)
      if (!next) break
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
    const before = node.protocol
    const { state, effects } = step(before, input, now)
    this.steps += 1
    node.protocol = state
    this.#watch.stepped?.(node, input, before, effects)
    const { decision } = state
    if (decision && isNews(decision, before.decision)) {
      this.log(`${node.name}: ${decision.condition}: ${decision.reason}`)
    }
    for (const { message } of newDetails(before.details, state.details)) this.log(`${node.name} warns: ${message}`)
    for (const effect of effects) this.#perform(node, effect)
    this.#wake(node)
  }

  #wake(node: WorldNode): void {
    if (!node.protocol) return
    const { life } = node
    const at = Math.max(this.now, wakeAt(node.protocol))
    const scheduled = this.#wakes.get(node) ?? new Set()
    this.#wakes.set(node, scheduled)
    if (scheduled.has(at)) return
    scheduled.add(at)
    this.#queue.put(at, () => {
      scheduled.delete(at)
      if (!node.protocol) return
      if (this.now < node.pausedUntil) this.after(node.pausedUntil - this.now, () => this.#wake(node))
      else if (life !== node.life || wakeAt(node.protocol) > this.now) this.#wake(node)
      else {
        // A beat alone is no look around.
        if (wakeAt({ ...node.protocol, beatAt: undefined }) <= this.now) this.#probe(node)
        this.deliver(node, { kind: 'wake' })
      }
    })
  }

  /** keepalived's true state is read every interval, whatever the pause between reads of EC2 is: it is local and cheap. */
  #probeEachInterval(node: WorldNode, life: number): void {
    this.after(this.settings.intervalMs, () => {
      if (life !== node.life) return
      this.#probe(node)
      this.#probeEachInterval(node, life)
    })
  }

  /** A line that was lost costs one interval. */
  #probe(node: WorldNode): void {
    if (node.protocol && node.protocol.self.state !== node.vrrp && this.now >= node.pausedUntil) {
      this.deliver(node, { kind: 'state', state: node.vrrp, priority: node.priority, found: false })
    }
  }

  #perform(node: WorldNode, effect: Effect): void {
    switch (effect.kind) {
      case 'read':
        this.calls.read(node)
        break
      case 'write':
        this.log(`${node.name} writes ${effect.keys.map((key) => key.table).join(', ')}`)
        for (const key of effect.keys) this.calls.write(node, key)
        break
      case 'abort':
        node.writeEpoch += 1
        break
      case 'publish':
        this.calls.publish(node, effect.claim)
        break
      case 'withdraw':
        this.calls.withdraw(node, effect.claim)
        break
    }
  }
}

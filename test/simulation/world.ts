/** EC2 and the nodes of a cluster in simulated time: the real protocol, everything around it a model. */
import type { KeepalivedInput } from '../../src/agent/keepalived-input.ts'
import type { Claim, NodeState } from '../../src/core/claim.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Pin } from '../../src/core/pin.ts'
import type { Input, Now } from '../../src/core/protocol/inputs-and-effects.ts'
import { defaultSettings, initialState, type ProtocolSettings } from '../../src/core/protocol/state.ts'
import { type RouteKey, routeKeyText } from '../../src/core/route.ts'
import type { Target } from '../../src/core/route-target.ts'
import { parseVip } from '../../src/core/vip.ts'
import { eni, rtb } from '../support/fixtures.ts'
import { Calls } from './calls.ts'
import { ControlPlane } from './control-plane.ts'
import { Hooks } from './hooks.ts'
import { Queue } from './queue.ts'
import { Steps } from './steps.ts'
import { type Actor, type Api, type HookDelays, type Kind, WAYS, type Watch, type WorldNode } from './world-node.ts'

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
  readonly #steps: Steps
  readonly calls: Calls
  readonly hooks: Hooks
  /** Routes that somebody else set to a node, or that one of its writes reached long after. */
  readonly setToNodes: { readonly at: number; readonly route: string; readonly eni: EniId }[] = []

  constructor(options: { tables: number; settings?: ProtocolSettings; log?: (line: string) => void; watch?: Watch }) {
    this.keys = Array.from({ length: options.tables }, (_, index) => ({ table: rtb(`rtb-${index + 1}`), vip: VIP }))
    this.settings = options.settings ?? defaultSettings(5000)
    this.log = options.log ?? (() => {})
    this.#watch = options.watch ?? {}
    this.#ec2 = new ControlPlane(this.keys)
    this.calls = new Calls(this, this.#ec2, this.#watch)
    this.hooks = new Hooks(this, this.#watch)
    this.#steps = new Steps(this, this.#watch)
  }

  addNode(
    name: string,
    priority: number | undefined,
    { address = `10.0.${this.nodes.size + 1}.10`, kind = 'daemon' as Kind } = {},
  ): WorldNode {
    const node: WorldNode = {
      name,
      ways: WAYS[kind],
      eni: eni(`eni-${name}`),
      priority,
      address,
      api: { reads: 'up', claims: 'up', writes: 'up', publishes: 'up', staleMs: 0 },
      get daemon() {
        return daemon
      },
      hooks: new Set(),
      journal: [],
      kept: undefined,
      vrrp: 'BACKUP',
      pausedUntil: 0,
      wallOffset: 0,
    }
    const daemon: Actor = {
      ...{ name, node, event: undefined, protocol: undefined },
      ...{ life: 0, writeEpoch: 0, isRefused: false },
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
    const { daemon, eni, address } = node
    daemon.life += 1
    daemon.protocol = initialState(this.settings, { eni, address, keys: this.keys }, this.clock(node))
  }

  /** Starts the daemon, where one is meant to run: it finds the state that keepalived is in. */
  start(node: WorldNode): void {
    if (!node.ways.daemon) return
    this.bear(node)
    this.deliver(node.daemon, { kind: 'state', state: node.vrrp, priority: node.priority, found: true })
    this.#steps.probeEachInterval(node.daemon, node.daemon.life)
  }

  /** Ends the daemon. */
  kill({ daemon }: WorldNode): void {
    this.end(daemon)
  }

  end(actor: Actor): void {
    actor.life += 1
    actor.writeEpoch += 1
    actor.protocol = undefined
  }

  /** The machine is gone, with everything that ran on it. */
  destroy(node: WorldNode): void {
    this.kill(node)
    this.hooks.killAll(node)
  }

  /** keepalived changes its state, writes a line into its FIFO unless that is full, and runs a hook. */
  vrrp(node: WorldNode, state: NodeState, options: { lost?: boolean; hook?: HookDelays } = {}): void {
    node.vrrp = state
    const { priority } = node
    if (!options.lost) this.line(node, { kind: 'state', state, priority, found: false })
    if (state !== 'UNKNOWN') this.hooks.fork(node, state, options.hook)
  }

  /** The daemon reads a line of the FIFO. */
  line(node: WorldNode, said: KeepalivedInput): void {
    if (!node.ways.fifo) return
    this.hooks.toldByFifo(node)
    this.deliver(node.daemon, said)
  }

  /** A MASTER hears a lower one. */
  rxLowerPri(node: WorldNode): void {
    this.line(node, { kind: 'rx-lower-pri' })
    this.hooks.fork(node, 'MASTER_RX_LOWER_PRI')
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

  /** Its instance has another interface, and the one before is deleted, or somebody else's; so much later its agents know. */
  replaceInterface(node: WorldNode, id: EniId, knownAfterMs: number, isDeleted = true): void {
    if (isDeleted) this.deleteInterface(node.eni)
    this.after(knownAfterMs, () => {
      node.eni = id
      for (const actor of [node.daemon, ...node.hooks])
        this.deliver(actor, { kind: 'identity', eni: id, address: node.address })
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

  /** After so much time, and not while the machine is paused. */
  whenRunning(node: WorldNode, ms: number, run: () => void): void {
    this.after(ms, () => {
      if (this.now < node.pausedUntil) this.whenRunning(node, node.pausedUntil - this.now, run)
      else run()
    })
  }

  clock({ wallOffset }: WorldNode): Now {
    return { monotonic: this.now, wall: this.now + wallOffset }
  }

  /** Something has happened to a process, if it lives. */
  deliver(actor: Actor, input: Input): void {
    this.#steps.deliver(actor, input)
  }

  get steps(): number {
    return this.#steps.taken
  }
}

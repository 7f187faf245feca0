/**
 * VRRP among the nodes of a simulated cluster: who hears whom is a directed matrix, and each node's state follows
 * RFC 5798, section 6.4, with keepalived's events. An advert arrives 1 ms after it is sent, or never.
 */
import type { NodeState } from '../../src/core/claim.ts'
import type { World } from './world.ts'
import type { WorldNode } from './world-node.ts'

const TRANSIT_MS = 1
/** Of the FIFO: what was put into it earlier is read earlier. */
export type Line = { lost: boolean; lateMs: number }

type Member = {
  readonly node: WorldNode
  readonly priority: number
  /** keepalived runs, and so does its machine. */
  isUp: boolean
  /** When the master counts as down. */
  masterDownAt: number
  /** Changes whenever the node begins or ceases to send adverts. */
  term: number
  line: Line
  lastLineAt: number
}

export type VrrpOptions = {
  /** Whether keepalived reports MASTER_RX_LOWER_PRI. */
  readonly rxLowerPri: boolean
  readonly preempt: boolean
  readonly advertMs: number
}

export class Vrrp {
  readonly #world: World
  readonly #options: VrrpOptions
  readonly #members = new Map<WorldNode, Member>()
  readonly #cuts = new Set<string>()
  lastTransitionAt = 0
  transitions = 0
  /** How often a node has become MASTER. */
  elections = 0
  rxLowerPriLines = 0
  #isFrozen = false

  constructor(world: World, options: VrrpOptions) {
    this.#world = world
    this.#options = options
  }

  /** @param priority the real one, whether or not the node's agent knows it */
  add(node: WorldNode, priority: number): void {
    const line = { lost: false, lateMs: 0 }
    this.#members.set(node, { node, priority, isUp: false, masterDownAt: 0, term: 0, line, lastLineAt: 0 })
  }

  masters(): WorldNode[] {
    return [...this.#members.values()]
      .filter(({ node, isUp }) => isUp && node.vrrp === 'MASTER')
      .map(({ node }) => node)
  }

  cut(from: WorldNode, to: WorldNode): void {
    this.#cuts.add(`${from.name} ${to.name}`)
  }

  join(from: WorldNode, to: WorldNode): void {
    this.#cuts.delete(`${from.name} ${to.name}`)
  }

  line(node: WorldNode): Line {
    return this.#member(node).line
  }

  /** keepalived starts, or its track script succeeds again. */
  up(node: WorldNode): void {
    const member = this.#member(node)
    if (member.isUp) return
    member.isUp = true
    this.#become(member, 'BACKUP')
    this.#awaitMaster(member)
  }

  /** @param how FAULT and STOP are announced to all; `killed` to nobody */
  down(node: WorldNode, how: 'FAULT' | 'STOP' | 'killed'): void {
    const member = this.#member(node)
    if (!member.isUp) return
    const wasMaster = node.vrrp === 'MASTER'
    member.isUp = false
    if (how === 'killed') {
      member.term += 1
      node.vrrp = 'STOP'
      this.#changed()
    } else {
      this.#become(member, how)
      if (wasMaster) this.#advertise(member, 0)
    }
  }

  /** Nothing changes any more, and no adverts are simulated: for idle times. */
  freeze(): void {
    this.#isFrozen = true
  }

  thaw(): void {
    if (!this.#isFrozen) return
    this.#isFrozen = false
    for (const member of this.#members.values()) {
      member.term += 1
      if (!member.isUp) continue
      if (member.node.vrrp === 'MASTER') this.#sendAdverts(member, member.term)
      else this.#awaitMaster(member)
    }
  }

  /** The FIFO is a new one, so keepalived's true state is read again. */
  reopen(node: WorldNode): void {
    if (!node.ways.fifo) return
    this.#world.deliver(node.daemon, { kind: 'state', state: node.vrrp, priority: node.priority, found: true })
  }

  #member(node: WorldNode): Member {
    const member = this.#members.get(node)
    if (!member) throw new Error(`${node.name} takes no part in VRRP`)
    return member
  }

  #become(member: Member, state: NodeState): void {
    const { node } = member
    member.term += 1
    node.vrrp = state
    this.#changed()
    this.#world.log(`VRRP: ${node.name} is ${state}${member.line.lost ? ', and its line is lost' : ''}`)
    const { priority } = node
    this.#say(member, () => this.#world.line(node, { kind: 'state', state, priority, found: false }))
    if (state !== 'UNKNOWN') this.#world.hooks.fork(node, state)
    if (state !== 'MASTER') return
    this.elections += 1
    this.#sendAdverts(member, member.term)
  }

  #changed(): void {
    this.lastTransitionAt = this.#world.now
    this.transitions += 1
  }

  /** A line in the FIFO: lost, or read in its turn. */
  #say(member: Member, deliver: () => void): void {
    const { line, node } = member
    if (line.lost) return
    const at = Math.max(member.lastLineAt, this.#world.now + line.lateMs)
    member.lastLineAt = at
    const { life } = node.daemon
    if (at === this.#world.now) deliver()
    else this.#world.after(at - this.#world.now, () => life === node.daemon.life && deliver())
  }

  #sendAdverts(member: Member, term: number): void {
    if (term !== member.term || this.#isFrozen) return
    const pause = member.node.pausedUntil - this.#world.now
    if (pause <= 0) this.#advertise(member, member.priority)
    this.#world.after(pause > 0 ? pause : this.#options.advertMs, () => this.#sendAdverts(member, term))
  }

  #advertise(sender: Member, priority: number): void {
    for (const receiver of this.#members.values()) {
      if (receiver === sender || this.#cuts.has(`${sender.node.name} ${receiver.node.name}`)) continue
      this.#world.after(TRANSIT_MS, () => this.#receive(receiver, sender, priority))
    }
  }

  #receive(member: Member, sender: Member, priority: number): void {
    const { node } = member
    if (!member.isUp || this.#world.now < node.pausedUntil) return
    const isLower =
      priority < member.priority || (priority === member.priority && !isAbove(sender.node.address, node.address))
    if (node.vrrp === 'MASTER') {
      if (priority === 0) this.#advertise(member, member.priority)
      else if (!isLower) {
        this.#become(member, 'BACKUP')
        this.#awaitMaster(member)
      } else if (this.#options.rxLowerPri) {
        this.rxLowerPriLines += 1
        this.#say(member, () => this.#world.line(node, { kind: 'rx-lower-pri' }))
        this.#world.hooks.fork(node, 'MASTER_RX_LOWER_PRI')
      }
    } else if (priority === 0) {
      member.masterDownAt = this.#world.now + this.#skewMs(member)
      this.#expectMaster(member, member.term)
    } else if (!this.#options.preempt || priority >= member.priority) {
      member.masterDownAt = this.#world.now + this.#masterDownMs(member)
    }
  }

  /** RFC 5798, 6.1: of nodes that lose their master at the same time the highest is the first to notice. */
  #skewMs({ priority }: Member): number {
    return Math.round(((256 - priority) * this.#options.advertMs) / 256)
  }

  #masterDownMs(member: Member): number {
    return 3 * this.#options.advertMs + this.#skewMs(member)
  }

  #awaitMaster(member: Member): void {
    member.masterDownAt = this.#world.now + this.#masterDownMs(member)
    this.#expectMaster(member, member.term)
  }

  #expectMaster(member: Member, term: number): void {
    const wait = Math.max(member.masterDownAt, member.node.pausedUntil) - this.#world.now
    this.#world.after(Math.max(0, wait), () => {
      if (term !== member.term || this.#isFrozen) return
      if (Math.max(member.masterDownAt, member.node.pausedUntil) > this.#world.now) this.#expectMaster(member, term)
      else this.#become(member, 'MASTER')
    })
  }
}

/** As numbers, which they are. */
export function isAbove(a: string, b: string): boolean {
  const [left, right] = [a, b].map((address) => address.split('.').map(Number))
  const differing = left?.findIndex((byte, index) => byte !== right?.[index]) ?? -1
  return (left?.[differing] ?? 0) > (right?.[differing] ?? 0)
}

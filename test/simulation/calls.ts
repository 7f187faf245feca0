/** What simulated nodes ask of EC2: when it arrives, what it does, and when it is answered, if it is. */
import { needsReads } from '../../src/agent/notify/event-life.ts'
import type { Claim } from '../../src/core/claim.ts'
import type { EniId } from '../../src/core/ids.ts'
import { judgePins } from '../../src/core/pin.ts'
import type { Reading } from '../../src/core/protocol/inputs-and-effects.ts'
import { type RouteKey, routeKeyText } from '../../src/core/route.ts'
import type { ControlPlane } from './control-plane.ts'
import type { World } from './world.ts'
import type { Actor, Answer, Watch, WorldNode } from './world-node.ts'

const LATENCY_MS = 30
const TIMEOUT_MS = 2000
const RETRY_MS = 1000
/** When a request arrives that was not answered in time. */
const LATE_MS = 4000
/** From a request that is not answered to another on a second connection. */
const HEDGE_MS = 1000

export class Calls {
  readonly #world: World
  readonly #ec2: ControlPlane
  readonly #watch: Watch
  /** Every accepted write, in order. */
  readonly writes: { readonly at: number; readonly node: string; readonly key: string }[] = []
  publishes = 0
  publishedAt = 0
  reads = 0
  /** Tables whose writes EC2 refuses. */
  readonly denied = new Set<string>()
  /** What hooks ask besides, who wait for EC2 to answer their first write. */
  readonly #waiting = new Map<Actor, (() => void)[]>()
  /** Hooks that wait no more. */
  readonly #underWay = new WeakSet<Actor>()

  constructor(world: World, ec2: ControlPlane, watch: Watch) {
    this.#world = world
    this.#ec2 = ec2
    this.#watch = watch
  }

  #latency(node: WorldNode): number {
    return this.#watch.latency?.(node) ?? LATENCY_MS
  }

  read(actor: Actor): void {
    const { event } = actor
    if (!event) this.#read(actor)
    else if (needsReads(event.state)) this.#whenUnderWay(actor, () => this.#read(actor))
  }

  #read(actor: Actor): void {
    const { node, life } = actor
    this.reads += 1
    const { reads } = node.api
    this.#world.after(reads === 'down' ? TIMEOUT_MS : this.#latency(node), () => {
      if (life !== actor.life) return
      const isGood = reads === 'up' && node.api.reads === 'up'
      const failed = { reading: undefined, throttled: reads === 'throttled' }
      const reading = isGood ? this.#reading(node) : undefined
      const isWhole = reading && node.api.claims === 'up'
      if (reading) keep(node, reading, isWhole === true)
      this.#world.deliver(actor, { kind: 'read', ...(isWhole ? { reading } : { ...failed, routes: reading?.routes }) })
    })
  }

  /** A hook asks for nothing that its first write could have to wait for. */
  #whenUnderWay(hook: Actor, run: () => void): void {
    const waiting = this.#waiting.get(hook)
    if (waiting) waiting.push(run)
    else {
      this.#becomeUnderWay(hook)
      run()
    }
  }

  /** Only now it looks up its own address, too. */
  #becomeUnderWay(hook: Actor): void {
    if (this.#underWay.has(hook)) return
    this.#underWay.add(hook)
    const waiting = this.#waiting.get(hook) ?? []
    this.#waiting.delete(hook)
    this.#world.after(0, () => {
      if (!hook.protocol) return
      this.#world.deliver(hook, { kind: 'address', address: hook.node.address })
      for (const run of waiting) run()
    })
  }

  #reading({ eni: observer, api }: WorldNode): Reading {
    const staleness = this.#watch.staleness ?? ((ms) => ms)
    return this.#ec2.reading(observer, {
      routes: this.#world.now - staleness(api.staleMs),
      claims: this.#world.now - staleness(api.staleClaimsMs ?? 0),
      now: this.#world.now,
    })
  }

  /** A write that was decided just now; it is tried again for as long as it is wanted. */
  write(actor: Actor, key: RouteKey): void {
    if (actor.event && !this.#underWay.has(actor) && !this.#waiting.has(actor)) {
      this.#waiting.set(actor, [])
      this.#world.after(HEDGE_MS, () => this.#becomeUnderWay(actor))
    }
    this.#send(actor, key, actor.writeEpoch, this.#world.now)
  }

  /** A write that some earlier life of the node sent, and that arrives only now. */
  lateWrite(node: WorldNode): void {
    const { now: at, keys, setToNodes } = this.#world
    for (const key of keys) {
      this.#apply(node, node.eni, key)
      setToNodes.push({ at, route: routeKeyText(key), eni: node.eni })
    }
  }

  #send(actor: Actor, key: RouteKey, epoch: number, decidedAt: number): void {
    const { node } = actor
    const isWanted = () => epoch === actor.writeEpoch
    this.#watch.sending?.(actor, key, decidedAt)
    const answered = (accepted: boolean | undefined) => {
      if (!isWanted()) return
      if (actor.event) this.#becomeUnderWay(actor)
      if (accepted !== undefined) this.#world.deliver(actor, { kind: 'written', key, accepted })
      else this.#world.whenRunning(node, RETRY_MS, () => isWanted() && this.#send(actor, key, epoch, decidedAt))
    }
    // What is on the wire when it is aborted arrives all the same; what has failed is tried again only if wanted.
    const { eni } = node
    const isRefused = this.denied.has(key.table) || this.#ec2.isDeleted(eni)
    const answer = node.api.writes === 'up' && isRefused ? 'denied' : node.api.writes
    this.#request(node, answer, () => this.#apply(node, eni, key), answered)
  }

  #apply(node: WorldNode, eni: EniId, key: RouteKey): void {
    if (this.#ec2.isDeleted(eni)) return
    this.#ec2.setTarget(key, { kind: 'eni', eni, instance: undefined }, this.#world.now)
    this.writes.push({ at: this.#world.now, node: node.name, key: routeKeyText(key) })
    this.#world.log(`${key.table} → ${node.name}`)
  }

  publish(actor: Actor, claim: Claim): void {
    if (!actor.event) this.#publish(actor, claim)
    else this.#whenUnderWay(actor, () => this.#publish(actor, { ...claim, address: actor.node.address }))
  }

  #publish(actor: Actor, claim: Claim): void {
    const { node, life } = actor
    this.#watch.publishing?.(actor)
    const happen = () => {
      if (this.#ec2.isDeleted(claim.eni)) return
      this.#ec2.setTag(claim.eni, claim, this.#world.now)
      this.publishes += 1
      this.publishedAt = this.#world.now
    }
    const answer = node.api.publishes === 'up' && this.#ec2.isDeleted(claim.eni) ? 'denied' : node.api.publishes
    this.#request(node, answer, happen, (accepted) => {
      if (life !== actor.life) return
      actor.isRefused = accepted === false
      this.#world.deliver(actor, { kind: 'published', beat: claim.beat, acknowledged: accepted === true })
    })
  }

  /** Nobody waits for an answer. */
  withdraw(node: WorldNode, claim: Claim): void {
    const happen = () => {
      if (!this.#ec2.isDeleted(claim.eni)) this.#ec2.setTag(claim.eni, claim, this.#world.now)
    }
    this.#request(node, node.api.publishes, happen, () => {})
  }

  /** A call that changes something. Its answer is whether it was accepted; undefined: there was none in time. */
  #request(node: WorldNode, answer: Answer, happen: () => void, answered: (accepted: boolean | undefined) => void) {
    const latency = this.#latency(node)
    if (answer === 'up' || answer === 'denied') {
      this.#world.after(latency, () => {
        if (answer === 'up') happen()
        answered(answer === 'up')
      })
      return
    }
    if (answer !== 'down') this.#world.after(answer === 'late' ? LATE_MS : latency, happen)
    this.#world.after(TIMEOUT_MS, () => answered(undefined))
  }
}

/** What is written to the node's disk: where no claim could be read, the pin stays what it was. */
function keep(node: WorldNode, { routes, pins, date, unreachable }: Reading, isWhole: boolean): void {
  const foreign = routes.filter(({ standing }) => standing.kind === 'refused').map(({ key }) => routeKeyText(key))
  const pin = isWhole ? judgePins(pins, date, (eni) => unreachable.has(eni)).valid : node.kept?.pin
  node.kept = { keys: routes.map(({ key }) => key), foreign, pin }
}

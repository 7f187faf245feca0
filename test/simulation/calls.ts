/** What simulated nodes ask of EC2: when it arrives, what it does, and when it is answered, if it is. */

import type { Claim } from '../../src/core/claim.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Reading } from '../../src/core/protocol/state.ts'
import { type RouteKey, routeKeyText } from '../../src/core/route.ts'
import type { ControlPlane } from './control-plane.ts'
import type { World } from './world.ts'
import type { Answer, Watch, WorldNode } from './world-node.ts'

const LATENCY_MS = 30
const TIMEOUT_MS = 2000
const RETRY_MS = 1000
/** When a request arrives that was not answered in time. */
const LATE_MS = 4000

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

  constructor(world: World, ec2: ControlPlane, watch: Watch) {
    this.#world = world
    this.#ec2 = ec2
    this.#watch = watch
  }

  #latency(node: WorldNode): number {
    return this.#watch.latency?.(node) ?? LATENCY_MS
  }

  read(node: WorldNode): void {
    const { life } = node
    this.reads += 1
    const { reads } = node.api
    this.#world.after(reads === 'down' ? TIMEOUT_MS : this.#latency(node), () => {
      if (life !== node.life) return
      const isGood = reads === 'up' && node.api.reads === 'up'
      const failed = { reading: undefined, throttled: reads === 'throttled' }
      const reading = isGood ? this.#reading(node) : undefined
      const isWhole = reading && node.api.claims === 'up'
      this.#world.deliver(node, { kind: 'read', ...(isWhole ? { reading } : { ...failed, routes: reading?.routes }) })
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
  write(node: WorldNode, key: RouteKey): void {
    this.#send(node, key, node.writeEpoch, this.#world.now)
  }

  /** A write that some earlier life of the node sent, and that arrives only now. */
  lateWrite(node: WorldNode): void {
    const { now: at, keys, setToNodes } = this.#world
    for (const key of keys) {
      this.#apply(node, node.eni, key)
      setToNodes.push({ at, route: routeKeyText(key), eni: node.eni })
    }
  }

  #send(node: WorldNode, key: RouteKey, epoch: number, decidedAt: number): void {
    const isWanted = () => epoch === node.writeEpoch
    this.#watch.sending?.(node, key, decidedAt)
    const answered = (accepted: boolean | undefined) => {
      if (!isWanted()) return
      if (accepted !== undefined) this.#world.deliver(node, { kind: 'written', key, accepted })
      else this.#whenRunning(node, RETRY_MS, () => isWanted() && this.#send(node, key, epoch, decidedAt))
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

  publish(node: WorldNode, claim: Claim): void {
    const { life } = node
    const happen = () => {
      if (this.#ec2.isDeleted(claim.eni)) return
      this.#ec2.setTag(claim.eni, claim, this.#world.now)
      this.publishes += 1
      this.publishedAt = this.#world.now
    }
    const answer = node.api.publishes === 'up' && this.#ec2.isDeleted(claim.eni) ? 'denied' : node.api.publishes
    this.#request(node, answer, happen, (accepted) => {
      if (life !== node.life) return
      this.#world.deliver(node, { kind: 'published', beat: claim.beat, acknowledged: accepted === true })
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

  /** After so much time, and not while the machine is paused. */
  #whenRunning(node: WorldNode, ms: number, run: () => void): void {
    this.#world.after(ms, () => {
      if (this.#world.now < node.pausedUntil) this.#whenRunning(node, node.pausedUntil - this.#world.now, run)
      else run()
    })
  }
}

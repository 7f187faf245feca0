/** The steps of the real protocol that simulated processes take, and when they are woken for one. */
import { isNews } from '../../src/core/decide.ts'
import { newDetails } from '../../src/core/detail.ts'
import type { Effect, Input } from '../../src/core/protocol/inputs-and-effects.ts'
import { step, wakeAt } from '../../src/core/protocol/protocol.ts'
import type { World } from './world.ts'
import type { Actor, Watch } from './world-node.ts'

export class Steps {
  readonly #world: World
  readonly #watch: Watch
  /** The wake-ups of each actor that are scheduled. */
  readonly #wakes = new WeakMap<Actor, Set<number>>()
  taken = 0

  constructor(world: World, watch: Watch) {
    this.#world = world
    this.#watch = watch
  }

  deliver(actor: Actor, input: Input): void {
    const { node, life } = actor
    if (!actor.protocol) return
    if (this.#world.now < node.pausedUntil) {
      this.#world.whenRunning(node, 0, () => life === actor.life && this.deliver(actor, input))
      return
    }
    const before = actor.protocol
    const { state, effects } = step(before, input, this.#world.clock(node))
    this.taken += 1
    actor.protocol = state
    this.#watch.stepped?.(actor, input, before, effects)
    const { decision } = state
    if (decision && isNews(decision, before.decision)) {
      this.#world.log(`${actor.name}: ${decision.condition}: ${decision.reason}`)
    }
    for (const { message } of newDetails(before.details, state.details))
      this.#world.log(`${actor.name} warns: ${message}`)
    for (const effect of effects) this.#perform(actor, effect)
    this.#wake(actor)
    this.#world.hooks.look(actor)
  }

  #wake(actor: Actor): void {
    if (!actor.protocol) return
    const { node, life } = actor
    const at = Math.max(this.#world.now, wakeAt(actor.protocol))
    const scheduled = this.#wakes.get(actor) ?? new Set()
    this.#wakes.set(actor, scheduled)
    if (scheduled.has(at)) return
    scheduled.add(at)
    this.#world.after(at - this.#world.now, () => {
      scheduled.delete(at)
      if (!actor.protocol) return
      if (this.#world.now < node.pausedUntil) this.#world.whenRunning(node, 0, () => this.#wake(actor))
      else if (life !== actor.life || wakeAt(actor.protocol) > this.#world.now) this.#wake(actor)
      else {
        // A beat alone is no look around.
        if (wakeAt({ ...actor.protocol, beatAt: undefined }) <= this.#world.now) this.#probe(actor)
        this.deliver(actor, { kind: 'wake' })
      }
    })
  }

  /** keepalived's true state is read every interval, whatever the pause between reads of EC2 is: it is local and cheap. */
  probeEachInterval(daemon: Actor, life: number): void {
    this.#world.after(this.#world.settings.intervalMs, () => {
      if (life !== daemon.life) return
      this.#probe(daemon)
      this.probeEachInterval(daemon, life)
    })
  }

  /** A line that was lost costs one interval. No hook asks keepalived: it knows of its event alone. */
  #probe({ node, event, protocol }: Actor): void {
    if (event || !protocol || protocol.self.state === node.vrrp || this.#world.now < node.pausedUntil) return
    this.deliver(node.daemon, { kind: 'state', state: node.vrrp, priority: node.priority, found: false })
  }

  #perform(actor: Actor, effect: Effect): void {
    switch (effect.kind) {
      case 'read':
        this.#world.calls.read(actor)
        break
      case 'write':
        this.#world.log(`${actor.name} writes ${effect.keys.map((key) => key.table).join(', ')}`)
        for (const key of effect.keys) this.#world.calls.write(actor, key)
        break
      case 'abort':
        actor.writeEpoch += 1
        break
      case 'publish':
        this.#world.calls.publish(actor, effect.claim)
        break
      case 'withdraw':
        this.#world.calls.withdraw(actor.node, effect.claim)
        break
    }
  }
}

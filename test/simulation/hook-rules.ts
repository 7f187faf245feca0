/** What must hold of hooks besides: which of them may act, what they begin with, and when they may end. */
import type { ProtocolState } from '../../src/core/protocol/state.ts'
import { routeKeyText } from '../../src/core/route.ts'
import { type ActorRecord, BrokenRule, isLater, knownPin } from './record.ts'
import type { Actor, HookEvent, Watch, WorldNode } from './world-node.ts'

const EDGE_MEMORY_MS = 60_000
const TICK_MS = 10
/** keepalived ends a hook of STOP so long after it has forked it. */
const STOP_ENDS_MS = 1000

export class HookRules {
  readonly #recordOf: (hook: Actor) => ActorRecord
  readonly #recorded = new Map<WorldNode, HookEvent[]>()
  readonly #now: () => number

  constructor(now: () => number, recordOf: (hook: Actor) => ActorRecord) {
    this.#now = now
    this.#recordOf = recordOf
  }

  watch(): Pick<Watch, 'recorded' | 'begun' | 'publishing' | 'finished'> {
    return {
      recorded: (node, event) => this.#recorded.set(node, [...this.#recordedOf(node), event]),
      begun: (hook) => this.#begin(hook),
      publishing: (actor) => this.checkCall(actor),
      finished: (hook, state) => this.#checkEnd(hook, state),
    }
  }

  /** Every call that changes something. */
  checkCall({ name, node, event }: Actor): void {
    if (!event) return
    const newer = this.#recordedOf(node).find((other) => isState(other) && isLater(other, event))
    if (event.state === 'STOP' && this.#now() > event.forkedAt + STOP_ENDS_MS)
      throw new BrokenRule(`${name} for STOP still acts after keepalived has ended it`)
    if (newer) throw new BrokenRule(`${name} for ${event.state} still acts although ${newer.state} is on record`)
  }

  #recordedOf(node: WorldNode): HookEvent[] {
    return this.#recorded.get(node) ?? []
  }

  /** It knows of the edges of its node that hooks were run for, and of the pin that was there at the last read. */
  #begin(hook: Actor): void {
    const { event, node } = hook
    if (!event) return
    const record = this.#recordOf(hook)
    record.keptPin = node.kept?.pin
    const earlier = this.#recordedOf(node).filter((other) => other.state === 'MASTER' && isLater(event, other))
    const ages = earlier.map(({ moment }) => (event.moment.ticks - moment.ticks) * TICK_MS)
    // From fork to fork: however late it starts, it is no edge later.
    record.edges = ages.filter((age) => age < EDGE_MEMORY_MS).map((age) => this.#now() - age)
  }

  /** Nothing is left to be done, as far as it knows. */
  #checkEnd(hook: Actor, state: ProtocolState): void {
    const { name, event, node } = hook
    if (!event) return
    const { reading, routes, refused, looks } = this.#recordOf(hook)
    if (state.self.state === 'BACKUP' && !reading) throw new BrokenRule(`${name} ends and has not read`)
    if (state.self.state !== 'MASTER') return
    const pin = knownPin(this.#recordOf(hook))
    if (pin && pin.eni !== node.eni) return
    const isAnothers = reading?.claims.some(
      ({ claim, isUnreachable }) => claim.eni !== node.eni && claim.state === 'MASTER' && !isUnreachable,
    )
    if (isAnothers && state.decision?.action === 'yield') return
    if (!routes) throw new BrokenRule(`${name} ends and has not looked at the routes`)
    const isLeft = routes.some(
      ({ key, standing }) =>
        standing.kind !== 'in-place' && standing.kind !== 'refused' && !refused.has(routeKeyText(key)),
    )
    if (isLeft) throw new BrokenRule(`${name} ends and leaves a route where it is`)
    if (looks.length > 0) throw new BrokenRule(`${name} ends and does not look again at what it wrote`)
  }
}

function isState({ state }: HookEvent): boolean {
  return state !== 'MASTER_RX_LOWER_PRI'
}

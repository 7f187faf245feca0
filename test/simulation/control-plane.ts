/** EC2 as the simulated nodes see it: routes, tags and interfaces, read as they are or as they were. */

import type { Claim } from '../../src/core/claim.ts'
import type { EniId } from '../../src/core/ids.ts'
import type { Pin } from '../../src/core/pin.ts'
import type { Reading } from '../../src/core/protocol/inputs-and-effects.ts'
import { type RouteKey, routeKeyText, standingOf } from '../../src/core/route.ts'
import type { Target } from '../../src/core/route-target.ts'
import { tableWith } from '../support/fixtures.ts'

const POLICY = { createMissing: true, takeOver: [] }
const REMEMBERED = 200

type Past<T> = { readonly at: number; readonly value: T }

export class ControlPlane {
  readonly keys: readonly RouteKey[]
  #targets: Past<ReadonlyMap<string, Target | undefined>>[]
  #tags: Past<ReadonlyMap<EniId, Claim>>[] = [{ at: 0, value: new Map() }]
  readonly #pins = new Map<EniId, Pin>()
  readonly #void = new Set<EniId>()
  readonly #deleted = new Set<EniId>()

  constructor(keys: readonly RouteKey[]) {
    this.keys = keys
    this.#targets = [{ at: 0, value: new Map(keys.map((key) => [routeKeyText(key), undefined])) }]
  }

  setTarget(key: RouteKey, target: Target | undefined, now: number): void {
    this.#targets = changed(this.#targets, now, (targets) => targets.set(routeKeyText(key), target))
  }

  setTag(id: EniId, claim: Claim | undefined, now: number): void {
    this.#tags = changed(this.#tags, now, (tags) => (claim ? tags.set(id, claim) : tags.delete(id)))
  }

  setVoid(id: EniId, isUnreachable: boolean): void {
    if (isUnreachable || this.#deleted.has(id)) this.#void.add(id)
    else this.#void.delete(id)
  }

  isUnreachable(id: EniId): boolean {
    return this.#void.has(id)
  }

  isDeleted(id: EniId): boolean {
    return this.#deleted.has(id)
  }

  deleteInterface(id: EniId, now: number): void {
    this.#deleted.add(id)
    this.setVoid(id, true)
    this.setTag(id, undefined, now)
    this.#pins.delete(id)
  }

  setPin(pin: Pin): void {
    this.#pins.set(pin.eni, pin)
  }

  pins(): Pin[] {
    return [...this.#pins.values()]
  }

  clearPins(): void {
    this.#pins.clear()
  }

  targets(): (Target | undefined)[] {
    const now = latest(this.#targets)
    return this.keys.map((key) => now.get(routeKeyText(key)))
  }

  claims(): Claim[] {
    return [...latest(this.#tags).values()]
  }

  /** What a read shows: routes and claims as they were at these times, everything else as it is. */
  reading(observer: EniId, at: { readonly routes: number; readonly claims: number; readonly now: number }): Reading {
    const targets = asOf(this.#targets, at.routes)
    const routes = this.keys.map((key) => {
      const target = targets.get(routeKeyText(key))
      const isBlackhole = target?.kind === 'eni' && this.#void.has(target.eni)
      const state = isBlackhole ? ('blackhole' as const) : ('active' as const)
      const table = tableWith(target ? [{ destination: key.vip, target, state, origin: 'CreateRoute' }] : [], {
        id: key.table,
      })
      return { key, standing: standingOf(table, key.vip, observer, POLICY) }
    })
    const tags = asOf(this.#tags, at.claims)
    const claims = [...tags.values()].map((claim) => ({ claim, isUnreachable: this.#void.has(claim.eni) }))
    return {
      routes,
      claims,
      pins: [...this.#pins.values()],
      unreachable: new Set(this.#void),
      checked: new Set(),
      date: at.now,
    }
  }
}

/** A new array each time only where the oldest is dropped: the past is long, and looked at from its end. */
function changed<K, V>(past: Past<ReadonlyMap<K, V>>[], now: number, change: (map: Map<K, V>) => void) {
  const value = new Map(latest(past))
  change(value)
  past.push({ at: now, value })
  return past.length > 2 * REMEMBERED ? past.slice(-REMEMBERED) : past
}

function latest<T>(past: readonly Past<T>[]): T {
  return asOf(past, Number.POSITIVE_INFINITY)
}

function asOf<T>(past: readonly Past<T>[], time: number): T {
  const known = past.findLast(({ at }) => at <= time) ?? past[0]
  if (!known) throw new Error('there is no past')
  return known.value
}

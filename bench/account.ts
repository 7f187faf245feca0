/**
 * 500 pairs in one account: the real protocol of 1,000 agents, on a fake clock, against the account's token buckets.
 */

import type { Claim } from '../src/core/claim.ts'
import type { EniId } from '../src/core/ids.ts'
import type { Effect, Input } from '../src/core/protocol/inputs-and-effects.ts'
import { step, wakeAt } from '../src/core/protocol/protocol.ts'
import {
  BEATING,
  defaultSettings,
  initialState,
  type ProtocolSettings,
  type ProtocolState,
} from '../src/core/protocol/state.ts'
import { type RouteKey, standingOf } from '../src/core/route.ts'
import { parseVip } from '../src/core/vip.ts'
import { Queue } from '../test/simulation/queue.ts'
import { randomOf } from '../test/simulation/random.ts'
import { eni, rtb, tableWith } from '../test/support/fixtures.ts'
import { ms, type Part } from './measure.ts'

const PAIRS = 500
const FAILOVERS = 20
/** Milliseconds. */
const LATENCY = 30
/** As in the daemon, each interval is this fraction of the configured one. */
const SHARE = { least: 0.94, most: 0.99 }
const HOUR = 3_600_000
const AFTER_FAILOVER = 120_000
/** EC2's limits for DescribeRouteTables and DescribeNetworkInterfaces. */
const READS = { size: 100, perSecond: 20 }
const WRITES = { size: 50, perSecond: 5 }
const POLICY = { createMissing: true, takeOver: [] }

class Bucket {
  readonly #limits: typeof READS
  #tokens: number
  #at = 0

  constructor(limits: typeof READS) {
    this.#limits = limits
    this.#tokens = limits.size
  }

  take(now: number): boolean {
    const { size, perSecond } = this.#limits
    this.#tokens = Math.min(size, this.#tokens + ((now - this.#at) / 1000) * perSecond)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

type Pair = { readonly key: RouteKey; readonly claims: Map<EniId, Claim>; target: EniId | undefined }
type Node = { state: ProtocolState; readonly pair: Pair; wakesAt: number; alive: boolean; failedOverAt?: number }

export async function measureAccount(): Promise<Part> {
  const usual = simulate(defaultSettings(5000))
  const recommended = simulate({ ...defaultSettings(90_000), ...BEATING })
  const share = (perSecond: number) => `${Math.round((perSecond / READS.perSecond) * 100)}% of the bucket`
  const rows = [
    { name: 'interval 5s (default)', run: usual },
    { name: 'interval 90s, witness dynamodb', run: recommended },
  ].flatMap(({ name, run }) => [
    {
      what: `${name}: reads sent, second hour`,
      target: '< 40% of the bucket',
      measured: `${share(run.reads)}, ${Math.round(run.refused * 100)}% throttled; each MASTER reads every ${ms(run.pause)}`,
      isMet: run.reads < 0.4 * READS.perSecond,
    },
    {
      what: `${name}: ${FAILOVERS} concurrent failovers, until the last route is accepted`,
      target: 'one round trip, 30 ms',
      measured: ms(run.accepted),
      isMet: run.accepted <= LATENCY,
    },
    {
      what: `${name}: until the last of them has read its route back`,
      target: '',
      measured: ms(run.seen),
      isMet: undefined,
    },
  ])
  return { name: `${PAIRS} pairs in one account, simulated`, rows }
}

/** Simulates two hours, of which the second counts; then this many masters die at once. */
function simulate(settings: ProtocolSettings) {
  const random = randomOf(1)
  const queue = new Queue()
  const [tables, writes] = [new Bucket(READS), new Bucket(WRITES)]
  let now = 0
  let counts = { sent: 0, refused: 0, masters: 0 }
  const accepted: number[] = []
  const seen: number[] = []

  const later = (delay: number, run: () => void) => queue.put(now + delay, run)
  function deliver(node: Node, input: Input): void {
    if (!node.alive) return
    const { state, effects } = step(node.state, input, { monotonic: now, wall: now })
    node.state = state
    for (const effect of effects) perform(node, effect)
    const wakesAt = Math.max(wakeAt(state), now)
    node.wakesAt = wakesAt
    queue.put(wakesAt, () => node.wakesAt === wakesAt && deliver(node, { kind: 'wake' }))
  }
  function perform(node: Node, effect: Effect): void {
    const { pair, state } = node
    const own = state.self.eni
    if (effect.kind === 'publish') {
      pair.claims.set(own, effect.claim)
      later(LATENCY, () => deliver(node, { kind: 'published', beat: effect.claim.beat, acknowledged: true }))
    } else if (effect.kind === 'read') read(node)
    else if (effect.kind === 'write') for (const key of effect.keys) write(node, key)
  }
  function read(node: Node): void {
    const isGood = tables.take(now)
    counts.sent += 1
    counts.refused += isGood ? 0 : 1
    counts.masters += isGood && node.state.self.state === 'MASTER' ? 1 : 0
    later(LATENCY, () => {
      if (isGood && node.failedOverAt !== undefined && node.pair.target === node.state.self.eni) {
        seen.push(now - node.failedOverAt)
        delete node.failedOverAt
      }
      deliver(
        node,
        isGood ? { kind: 'read', reading: readingOf(node) } : { kind: 'read', reading: undefined, throttled: true },
      )
    })
  }
  function readingOf({ pair: { key, target, claims }, state }: Node) {
    const to = target && ({ kind: 'eni', eni: target, instance: undefined } as const)
    const routes = to ? [{ destination: key.vip, target: to, state: 'active' as const, origin: 'CreateRoute' }] : []
    const standing = standingOf(tableWith(routes, { id: key.table }), key.vip, state.self.eni, POLICY)
    const all = [...claims.values()].map((claim) => ({ claim, isUnreachable: false }))
    return {
      routes: [{ key, standing }],
      claims: all,
      pins: [],
      unreachable: new Set<EniId>(),
      checked: new Set<EniId>(),
      date: now,
    }
  }
  function write(node: Node, key: RouteKey): void {
    if (!writes.take(now)) return void later(500, () => write(node, key))
    later(LATENCY, () => {
      node.pair.target = node.state.self.eni
      if (node.failedOverAt !== undefined) accepted.push(now - node.failedOverAt)
      deliver(node, { kind: 'written', key, accepted: true })
    })
  }
  function run(end: number): void {
    for (let next = queue.take(end); next; next = queue.take(end)) {
      now = next.at
      next.run()
    }
    now = end
  }

  const pairs = Array.from({ length: PAIRS }, (_, index) => {
    const key = { table: rtb(`rtb-${(index + 1).toString(16)}`), vip: parseVip('10.99.0.10') }
    const first = eni(`eni-${(2 * index).toString(16)}`)
    const pair: Pair = { key, claims: new Map(), target: first }
    const nodeOf = (id: EniId, address: string): Node => {
      const intervalMs = settings.intervalMs * (SHARE.least + (SHARE.most - SHARE.least) * random.next())
      const state = initialState(
        { ...settings, intervalMs },
        { eni: id, address, keys: [key] },
        { monotonic: 0, wall: 0 },
      )
      return { state, pair, wakesAt: 0, alive: true }
    }
    const other = eni(`eni-${(2 * index + 1).toString(16)}`)
    return { master: nodeOf(first, '10.0.1.10'), backup: nodeOf(other, '10.0.2.10') }
  })
  // An account's daemons start at different times.
  for (const { master, backup } of pairs) {
    const at = random.next() * 600_000
    later(at, () => deliver(master, { kind: 'state', state: 'MASTER', priority: 150, found: true }))
    later(at + random.next() * 60_000, () =>
      deliver(backup, { kind: 'state', state: 'BACKUP', priority: 100, found: true }),
    )
  }
  run(HOUR)
  counts = { sent: 0, refused: 0, masters: 0 }
  run(2 * HOUR)
  const steady = counts
  for (const { master, backup } of pairs.slice(0, FAILOVERS)) {
    master.alive = false
    backup.failedOverAt = now
    deliver(backup, { kind: 'state', state: 'MASTER', priority: 100, found: false })
  }
  run(now + AFTER_FAILOVER)
  const last = (times: number[]) => (times.length < FAILOVERS ? Number.POSITIVE_INFINITY : Math.max(...times))
  return {
    reads: steady.sent / (HOUR / 1000),
    refused: steady.refused / steady.sent,
    pause: (HOUR * PAIRS) / steady.masters,
    accepted: last(accepted),
    seen: last(seen),
  }
}

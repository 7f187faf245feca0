/** What is going to go wrong in one simulated run: drawn from its seed before anything happens, as data. */
import type { Random } from './random.ts'
import type { Answer, Kind } from './world-node.ts'

export type NodePlan = {
  readonly name: string
  readonly kind: Kind
  /** The priority that keepalived runs with. */
  readonly priority: number
  readonly address: string
  /** Whether its agent knows its priority. */
  readonly isKnown: boolean
  readonly wallOffset: number
}

/** What is undone when its time is over. */
export type LastingFault =
  | { readonly kind: 'cut'; readonly from: string; readonly to: string; readonly bothWays: boolean }
  /** A link that comes and goes, so that a master counts as down again and again. */
  | { readonly kind: 'flap'; readonly from: string; readonly to: string; readonly bothWays: boolean }
  | { readonly kind: 'line'; readonly node: string; readonly lost: boolean; readonly lateMs: number }
  | { readonly kind: 'reads' | 'claims' | 'throttled' | 'api' | 'daemon' | 'unreachable'; readonly node: string }
  | { readonly kind: 'writes' | 'publishes'; readonly node: string; readonly answer: Exclude<Answer, 'up'> }
  | { readonly kind: 'stale'; readonly node: string; readonly routesMs: number; readonly claimsMs: number }
  | { readonly kind: 'slow'; readonly node: string; readonly ms: number }
  /** Its hooks take up to so long to start. */
  | { readonly kind: 'hooks'; readonly node: string; readonly ms: number }
  | { readonly kind: 'keepalived'; readonly node: string; readonly how: 'FAULT' | 'STOP' | 'killed' }

/** What happens, or ends by itself, or never. */
export type MomentaryFault =
  | { readonly kind: 'pause' | 'reopen' | 'untag' | 'late-write' | 'kill-hooks'; readonly node: string }
  /** Its machine is gone for good, with or without EC2 knowing. */
  | { readonly kind: 'terminated' | 'hung'; readonly node: string }
  | { readonly kind: 'route'; readonly table: number; readonly to: RouteTo; readonly node: string }
  | { readonly kind: 'pin'; readonly node: string; readonly ms: number }
  | { readonly kind: 'unpin' }
  | { readonly kind: 'clock'; readonly node: string; readonly ms: number }
  /** Its instance is given another interface, of which its agent knows so much later. */
  | { readonly kind: 'interface'; readonly node: string; readonly ms: number }

export type RouteTo = 'tool' | 'nat' | 'none' | 'node'

export type Fault =
  | { readonly lasts: true; readonly what: LastingFault; readonly at: number; readonly until: number }
  | { readonly lasts: false; readonly what: MomentaryFault; readonly at: number; readonly until: number }

export type Plan = {
  readonly seed: number
  readonly nodes: readonly NodePlan[]
  readonly tables: number
  readonly intervalMs: number
  readonly failover: 'fast' | 'safe'
  readonly witness: 'ec2-tags' | 'dynamodb'
  readonly rxLowerPri: boolean
  readonly preempt: boolean
  readonly advertMs: number
  readonly faults: readonly Fault[]
  /** Links that are cut when the faults are over, and stay so. */
  readonly lasting: readonly { readonly from: string; readonly to: string; readonly bothWays: boolean }[]
  /** For how long nothing must happen at the end. */
  readonly quietMs: number
}

type Kinds = readonly [Kind, ...Kind[]]
/** Of the nodes of a cluster. */
const KINDS: readonly [Kinds, ...Kinds[]] = [
  ['daemon'],
  ['hooks'],
  ['daemon', 'hooks', 'hooks', 'handover', 'both'],
  ['daemon', 'hooks', 'handover', 'both'],
]
const FIRST_FAULT_MS = 10_000
const LAST_FAULT_MS = 120_000
const QUIET_MS = 120_000
const NAMES = ['a', 'b', 'c', 'd']

export function planOf(seed: number, random: Random): Plan {
  const nodes = nodesOf(random)
  const names = nodes.map(({ name }) => name)
  const tables = random.int(1, 3)
  const pair = () => pairOf(random, names)
  const lasting = random.chance(0.3) ? [{ ...pair(), bothWays: random.chance(0.7) }] : []
  const middle = random.int(FIRST_FAULT_MS, LAST_FAULT_MS)
  const spread = random.pick([2000, 10_000, 120_000, 120_000])
  const at = () => Math.max(FIRST_FAULT_MS, Math.min(LAST_FAULT_MS, middle + random.int(-spread, spread)))
  const hooked = nodes.filter(({ kind }) => kind !== 'daemon').map(({ name }) => name)
  const faults = Array.from({ length: random.int(1, 8) }, () =>
    random.chance(0.15)
      ? hookFaultOf(random, nodeOf(random, hooked.length > 0 ? hooked : names), at())
      : faultOf(random, names, tables, at()),
  )
  const plan = {
    seed,
    nodes,
    tables,
    intervalMs: random.pick([5000, 5000, 5000, 2000, 10_000]),
    failover: random.chance(0.15) ? ('safe' as const) : ('fast' as const),
    rxLowerPri: random.chance(0.5),
    preempt: random.chance(0.85),
    advertMs: random.pick([1000, 1000, 200]),
    faults: withSurvivors(faults, names).toSorted((a, b) => a.at - b.at),
    lasting,
    quietMs: random.chance(0.1) ? 3_600_000 : QUIET_MS,
    witness: 'ec2-tags' as const,
  }
  return random.chance(0.2) ? withDynamoDb(plan) : plan
}

/** A witness whose reads are never stale, and in which a MASTER beats all the time. */
function withDynamoDb(plan: Plan): Plan {
  const faults = plan.faults.map((fault): Fault => {
    if (!fault.lasts || fault.what.kind !== 'stale') return fault
    return { ...fault, what: { ...fault.what, claimsMs: 0 } }
  })
  return { ...plan, witness: 'dynamodb', faults, quietMs: QUIET_MS }
}

function nodesOf(random: Random): NodePlan[] {
  const count = random.pick([2, 2, 2, 3, 3, 4])
  const areEqual = random.chance(0.25)
  const first = random.int(1, 10)
  const kinds = random.pick<Kinds>(KINDS)
  return NAMES.slice(0, count).map((name, index) => ({
    name,
    kind: random.pick<Kind>(kinds),
    // As text, 10.0.9.10 would be above 10.0.10.10.
    address: `10.0.${first + index}.10`,
    priority: areEqual ? 100 : random.pick([50, 90, 100, 110, 150, 200, 254]),
    isKnown: !random.chance(0.15),
    wallOffset: random.chance(0.3) ? random.int(-90_000, 90_000) : 0,
  }))
}

function nodeOf(random: Random, names: readonly string[]): string {
  return names[random.int(0, names.length - 1)] ?? ''
}

function pairOf(random: Random, names: readonly string[]): { from: string; to: string } {
  const from = random.int(0, names.length - 1)
  const to = (from + random.int(1, names.length - 1)) % names.length
  return { from: names[from] ?? '', to: names[to] ?? '' }
}

/** From a few hundred milliseconds to a minute, short ones as often as long ones. */
function durationOf(random: Random): number {
  return Math.round(300 * 200 ** random.next())
}

function faultOf(random: Random, names: readonly string[], tables: number, at: number): Fault {
  const until = at + durationOf(random)
  return random.chance(0.65)
    ? { lasts: true, what: lastingOf(random, names), at, until }
    : { lasts: false, what: momentaryOf(random, names, tables), at, until }
}

function hookFaultOf(random: Random, node: string, at: number): Fault {
  if (random.chance(0.3)) return { lasts: false, what: { kind: 'kill-hooks', node }, at, until: at }
  return { lasts: true, what: { kind: 'hooks', node, ms: random.int(500, 8000) }, at, until: at + durationOf(random) }
}

const ANSWERS = ['down', 'denied', 'unanswered', 'late'] as const

function lastingOf(random: Random, names: readonly string[]): LastingFault {
  const node = nodeOf(random, names)
  const cut = (): LastingFault => ({ kind: 'cut', ...pairOf(random, names), bothWays: random.chance(0.5) })
  const draw = random.pick<() => LastingFault>([
    cut,
    cut,
    cut,
    () => ({ kind: 'flap', ...pairOf(random, names), bothWays: random.chance(0.5) }),
    () => ({ kind: 'line', node, lost: random.chance(0.5), lateMs: random.int(100, 3000) }),
    () => ({ kind: random.pick(['throttled', 'claims', 'api', 'daemon', 'unreachable'] as const), node }),
    () => ({ kind: random.pick(['reads', 'api', 'daemon', 'unreachable'] as const), node }),
    () => ({ kind: 'writes', node, answer: random.pick(ANSWERS) }),
    () => ({ kind: 'writes', node, answer: random.pick(ANSWERS) }),
    () => ({ kind: 'publishes', node, answer: random.pick(ANSWERS) }),
    () => ({ kind: 'stale', node, routesMs: random.int(0, 6000), claimsMs: random.int(0, 6000) }),
    () => ({ kind: 'slow', node, ms: random.int(300, 1900) }),
    () => ({ kind: 'keepalived', node, how: random.pick(['FAULT', 'STOP', 'killed'] as const) }),
  ])
  return draw()
}

function momentaryOf(random: Random, names: readonly string[], tables: number): MomentaryFault {
  const node = nodeOf(random, names)
  const to = random.pick<RouteTo>(['tool', 'nat', 'none', 'node'])
  const draw = random.pick<() => MomentaryFault>([
    () => ({ kind: random.pick(['pause', 'reopen', 'untag', 'late-write'] as const), node }),
    () => ({ kind: random.pick(['pause', 'pause', 'untag', 'late-write'] as const), node }),
    () => ({ kind: random.pick(['terminated', 'hung'] as const), node }),
    () => ({ kind: 'route', table: random.int(0, tables - 1), to, node }),
    () => ({ kind: 'route', table: random.int(0, tables - 1), to, node }),
    () => ({ kind: 'pin', node, ms: random.int(5000, 150_000) }),
    () => ({ kind: 'unpin' }),
    () => ({ kind: 'clock', node, ms: random.int(-90_000, 90_000) }),
    () => ({ kind: 'interface', node, ms: random.int(10, 5000) }),
  ])
  return draw()
}

/** Somebody must be left whom VRRP can elect. */
function withSurvivors(faults: readonly Fault[], names: readonly string[]): Fault[] {
  const dead = new Set<string>()
  return faults.filter(({ what }) => {
    if (what.kind !== 'terminated' && what.kind !== 'hung') return true
    dead.add(what.node)
    if (dead.size < names.length) return true
    dead.delete(what.node)
    return false
  })
}

/** The plan as a person reads it. */
export function planText(plan: Plan): string {
  const { nodes, faults, lasting, tables, intervalMs, failover, witness, rxLowerPri, preempt, advertMs } = plan
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  const nodeTexts = nodes.map(({ name, kind, priority, address, isKnown, wallOffset }) => {
    const offset = wallOffset ? `, clock ${seconds(wallOffset)} s off` : ''
    return `${name}=${priority}:${kind} at ${address}${isKnown ? '' : ' (its agent does not know)'}${offset}`
  })
  return [
    `${nodeTexts.join('; ')}; ${tables} tables, interval ${intervalMs} ms, failover ${failover}, ${witness}`,
    `MASTER_RX_LOWER_PRI ${rxLowerPri ? 'on' : 'off'}, preempt ${preempt ? 'on' : 'off'}, an advert every ${advertMs} ms`,
    ...faults.map(({ at, until, what }) => `  ${seconds(at)} to ${seconds(until)}: ${JSON.stringify(what)}`),
    ...lasting.map((cut) => `  for good: ${JSON.stringify(cut)}`),
  ].join('\n')
}

/** One simulated run: a plan is carried out, and what must hold afterwards is checked. */
import { BEATING, defaultSettings } from '../../src/core/protocol/state.ts'
import { checkFailovers, LATEST_START_MS, LONGEST_LOAD_MS } from './failovers.ts'
import { begin, healAll } from './faults.ts'
import type { Plan } from './plan.ts'
import { type Random, randomOf } from './random.ts'
import { BrokenRule } from './record.ts'
import { Rules } from './rules.ts'
import { type Run, settle } from './settling.ts'
import { Vrrp } from './vrrp.ts'
import { World } from './world.ts'
import type { HookDelays, WorldNode } from './world-node.ts'

/** Requests that were not answered in time arrive up to so much later: only then the last fault is over. */
const LATE_ARRIVALS_MS = 6500

export type Outcome = {
  readonly steps: number
  /** Of the nodes, those that were never to have a daemon. */
  readonly withoutDaemon: number
  readonly nodes: number
  readonly writes: number
  readonly edges: number
  readonly accusations: number
  /** Milliseconds from the end of VRRP's own election until every route was where it belongs; undefined: not checked. */
  readonly convergedIn: number | undefined
}

/** @throws BrokenRule with the first thing that must not be */
export function carryOut(plan: Plan, log?: (line: string) => void): Outcome {
  const run = stageOf(plan, log)
  const { world, vrrp, rules } = run
  const seconds = () => (world.now / 1000).toFixed(2).padStart(8)
  try {
    for (const fault of plan.faults) {
      world.after(fault.at, () => {
        const undo = begin(run, fault)
        if (undo) world.after(fault.until - fault.at, undo)
      })
    }
    world.run(Math.max(0, ...plan.faults.map(({ until }) => until)))
    healAll(run)
    for (const { from, to, bothWays } of plan.lasting) {
      vrrp.cut(world.node(from), world.node(to))
      if (bothWays) vrrp.cut(world.node(to), world.node(from))
    }
    world.log('FAULTS are over')
    world.run(LATE_ARRIVALS_MS)
    const convergedIn = settle(run)
    checkFailovers(run)
    checkBound(run)
    const withoutDaemon = plan.nodes.filter(({ kind }) => kind === 'hooks').length
    return {
      ...{ steps: world.steps, writes: world.calls.writes.length, edges: rules.edges, convergedIn },
      ...{ nodes: plan.nodes.length, withoutDaemon, accusations: rules.accusations },
    }
  } catch (error) {
    if (error instanceof BrokenRule) throw new BrokenRule(`${seconds()}  ${error.message}`)
    throw error
  }
}

function stageOf(plan: Plan, log?: (line: string) => void): Run {
  const random = randomOf(plan.seed ^ 0x5eed)
  const slow = new Map<WorldNode, number>()
  const late = new Map<WorldNode, number>()
  const isWriting: { at: number | undefined } = { at: undefined }
  const rules: Rules = new Rules(() => world, silencedIn(plan))
  const watch = rules.watch()
  const world: World = new World({
    tables: plan.tables,
    settings: { ...defaultSettings(plan.intervalMs, plan.failover), ...(plan.witness === 'dynamodb' && BEATING) },
    ...(log ? { log: (line: string) => log(`${(world.now / 1000).toFixed(2).padStart(8)}  ${line}`) } : {}),
    watch: {
      ...watch,
      sending: (actor, key, decidedAt) => {
        isWriting.at = world.now
        watch.sending?.(actor, key, decidedAt)
      },
      hookDelays: (node) => hookDelaysOf(random, late.get(node)),
      latency: (node) => latencyOf(random, slow.get(node)),
      staleness: (ms) => (ms > 0 ? random.int(0, ms) : 0),
    },
  })
  const vrrp = new Vrrp(world, plan)
  for (const { name, kind, priority, address, isKnown, wallOffset } of plan.nodes) {
    const node = world.addNode(name, isKnown ? priority : undefined, { address, kind })
    node.wallOffset = wallOffset
    vrrp.add(node, priority)
    world.start(node)
  }
  for (const node of world.nodes.values()) vrrp.up(node)
  return { plan, world, vrrp, rules, slow, late, dead: new Set(), isWriting }
}

const SILENCING: ReadonlySet<string> = new Set(['publishes', 'api', 'untag', 'interface'])

/** Nodes that may have written without the others seeing a claim of theirs, as a hook does that is killed. */
function silencedIn({ faults, nodes }: Plan): ReadonlySet<string> {
  const byFaults = faults.flatMap(({ what }) => (SILENCING.has(what.kind) && 'node' in what ? [what.node] : []))
  return new Set([...byFaults, ...nodes.flatMap(({ name, kind }) => (kind === 'daemon' ? [] : [name]))])
}

function latencyOf(random: Random, slowMs: number | undefined): number {
  if (slowMs !== undefined) return random.int(Math.min(slowMs, 300), slowMs)
  return random.chance(0.02) ? random.int(200, 900) : random.int(5, 120)
}

function hookDelaysOf(random: Random, lateMs: number | undefined): HookDelays {
  const start =
    lateMs === undefined ? random.int(50, random.chance(0.1) ? LATEST_START_MS : 300) : random.int(50, lateMs)
  return { start, load: random.int(20, LONGEST_LOAD_MS) }
}

/** Every edge may write each route three times; apart from edges, only what somebody moved is moved back. */
function checkBound({ world, vrrp, rules, plan }: Run): void {
  const perTable = world.calls.writes.length / plan.tables
  const allowed = 3 * rules.edges + 2 * (vrrp.transitions + plan.faults.length + world.hooks.acted) + 10
  if (perTable > allowed) throw new BrokenRule(`${perTable} writes a table, where ${allowed} would be plenty`)
}

/** Every state that can be reached within a budget of events and faults, each looked at once. */
import { setImmediate as breathe } from 'node:timers/promises'
import { type Action, actionsOf } from './actions.ts'
import { Canonical } from './canonical.ts'
import { BrokenRule } from './checks.ts'
import { begin, transition } from './cluster.ts'
import { type Index, isQuiet, type Kind, type Model, NODES, ownerOf, writesOnTheirWay } from './model.ts'

export type Budget = {
  readonly kinds: readonly [Kind, Kind]
  readonly events: number
  readonly faults: number
  /** For how long, from the first event that may happen, every order is tried. Milliseconds. */
  readonly horizonMs: number
}

export type Explored = { readonly states: number; readonly steps: number; readonly leaves: number }

/** Both have found their states, and the route is at a. */
const SETTLED_MS = 11_000
/** What three intervals and the time-to-live of a claim leave nothing to wish for. */
const COMPLETION_MS = 45_000
const QUIET_MS = 40_000
const DEEPEST = 100_000
/** The test runner has to hear from its worker now and then. */
const STATES_BETWEEN_BREATHS = 1000

/** How a state was reached, without the states on the way. */
type Path = { readonly from: Path | undefined; readonly by: string }
type Reached = { readonly model: Model; readonly path: Path }

/** @throws BrokenRule with the way to it */
export async function explore(budget: Budget): Promise<Explored> {
  const seen = new Set<string>()
  const canonical = new Canonical()
  const settled = runOn(begin(budget.kinds), SETTLED_MS)
  const root = { ...settled, events: budget.events, faults: budget.faults }
  const end = root.now + budget.horizonMs
  // The last first: there are never many states that wait.
  const waiting: Reached[] = [{ model: root, path: { from: undefined, by: 'settled' } }]
  const count = { steps: 0, leaves: 0 }
  for (let reached = waiting.pop(); reached; reached = waiting.pop()) {
    if (seen.size % STATES_BETWEEN_BREATHS === 0) await breathe()
    if (isLeaf(reached.model, end)) {
      count.leaves += 1
      checkLeaf(reached)
      continue
    }
    for (const action of actionsOf(reached.model)) {
      const model = taken(reached, action)
      count.steps += 1
      const text = canonical.of(model)
      if (seen.has(text)) continue
      seen.add(text)
      waiting.push({ model, path: { from: reached.path, by: action.name } })
    }
  }
  return { ...count, states: seen.size }
}

function taken(reached: Reached, action: Action): Model {
  try {
    return action.next()
  } catch (error) {
    throw told({ from: reached.path, by: action.name }, error)
  }
}

/** The last of the budget is spent or may not be spent any more, and nothing is under way. */
function isLeaf(model: Model, end: number): boolean {
  return isQuiet(model) && model.now >= end
}

/** From here on everything goes its usual way: the route must come to where VRRP has it, and stay. */
function checkLeaf(reached: Reached): void {
  try {
    const owner = ownerOf(reached.model)
    const settled = runOn({ ...reached.model, events: 0, faults: 0 }, COMPLETION_MS)
    if (settled.nodes.some(({ kind }) => kind === 'hooks')) checkFailover(settled)
    if (hasMuteMaster(settled)) return
    if (owner !== undefined && settled.target !== owner) {
      throw new BrokenRule(`the route is at ${settled.target}, and belongs to ${owner}`)
    }
    runOn(settled, QUIET_MS, (model) => {
      if (writesOnTheirWay(model)) throw new BrokenRule('a write after all has settled')
    })
  } catch (error) {
    throw told(reached.path, error)
  }
}

/** Hooks alone take no note of what happens between two events. */
function hasMuteMaster({ nodes }: Model): boolean {
  return nodes.some(({ kind, vrrp }) => kind === 'hooks' && vrrp === 'MASTER')
}

/** Of each to the other: whatever was before, the route comes along. */
function checkFailover(settled: Model): void {
  let model = NODES.reduce((before, index) => became(before, index, 'BACKUP'), settled)
  for (const owner of [1, 0] as const) {
    const elected = became(
      NODES.reduce((before, index) => became(before, index, 'BACKUP'), model),
      owner,
      'MASTER',
    )
    model = runOn(elected, COMPLETION_MS)
    if (model.target !== owner) throw new BrokenRule(`after a failover to ${owner} the route is at ${model.target}`)
  }
}

function became(model: Model, index: Index, state: 'MASTER' | 'BACKUP'): Model {
  return model.nodes[index].vrrp === state ? model : transition(model, index)
}

/** One order of many: whatever comes first. Nothing may be left of the budget. */
function runOn(model: Model, ms: number, look: (model: Model) => void = () => {}): Model {
  const end = model.now + ms
  let current = model
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const { value: first } = actionsOf(current).next()
    if (!first) return current
    const next = first.next()
    if (next.now > end) return current
    current = next
    look(current)
  }
  throw new BrokenRule('there is no end to it')
}

function told(last: Path, error: unknown): BrokenRule {
  const names: string[] = []
  for (let path: Path | undefined = last; path; path = path.from) names.unshift(path.by)
  return new BrokenRule(`${error instanceof Error ? error.message : error}\n${names.join('\n')}`, { cause: error })
}

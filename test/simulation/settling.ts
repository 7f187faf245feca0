/** When the faults of a run are over: where the routes must come to be, until when, and that they stay there. */
import type { Pin } from '../../src/core/pin.ts'
import type { Stage } from './faults.ts'
import type { Plan } from './plan.ts'
import { BrokenRule } from './record.ts'
import type { Rules } from './rules.ts'
import { isAbove } from './vrrp.ts'
import type { World } from './world.ts'
import type { WorldNode } from './world-node.ts'

/** VRRP's own election: the master-down time with its skew, and an advert. */
export const ELECTION_MS = 6000
/** One call that takes as long as it may, and one that is asked for while another is on its way. */
export const CALLS_MS = 1000
/** How much more slowly than a MASTER the others read. */
const OTHERS_SLOWDOWN = 6
const BRAKE_MS = 600_000
const LONGEST_WITH_ADVERTS_MS = 600_000

export type Run = Stage & { readonly plan: Plan; readonly rules: Rules; readonly isWriting: { at: number | undefined } }

/**
 * Waits for VRRP to elect, and then for as long as the rule needs; checks that the routes are there, and stay.
 * - three intervals: a fault that ended just after a read is seen in the next; what that read decides is written at once,
 *   unless a write of ours is settling or the claim must be published first, which the next one finds done
 * - a claim MASTER of a node that is no master and that is not void (its machine hangs, or it could not publish that it
 *   stepped down) counts until it expired: the ttl, from the first good read
 * - a pin that a node which is no MASTER has not read yet: it reads more slowly, until it knows that it is the pinned one
 * - the brake at an external writer
 * - reads that were throttled: the pauses are as much longer
 * A claim that is wrong at a node that is no MASTER is published again with its second slow read.
 */
export function settle(run: Run): number | undefined {
  const { world, vrrp } = run
  const healedAt = world.now
  world.run(ELECTION_MS)
  const ended = world.pins().flatMap(({ until }) => (until <= world.now ? [until] : []))
  let from = Math.max(healedAt, vrrp.lastTransitionAt, ...ended)
  // The end of a pin is the last thing to happen.
  for (let endsAt = endOfPin(world); endsAt !== undefined; endsAt = endOfPin(world)) {
    const deadline = from + boundOf(run)
    if (endsAt > deadline && !isHookContended(run)) {
      const owner = expectedOwner(run)
      awaitOwner(run, owner, deadline)
      checkQuiet(run, owner, endsAt - world.now)
    }
    vrrp.thaw()
    world.run(endsAt - world.now)
    from = Math.max(from, endsAt)
  }
  return checkFrom(run, from)
}

/** When the next pin ends. */
function endOfPin(world: World): number | undefined {
  const ends = world.pins().map(({ until }) => until)
  const next = Math.min(...ends.filter((until) => until > world.now))
  return Number.isFinite(next) ? next : undefined
}

function checkFrom(run: Run, from: number): number | undefined {
  const owner = expectedOwner(run)
  if (isHookContended(run)) {
    // Proofs of a lower master, and the end of them, move the routes again and again.
    run.world.run(run.plan.quietMs)
    return undefined
  }
  const arrivedAt = awaitOwner(run, owner, from + boundOf(run))
  checkQuiet(run, owner, run.plan.quietMs)
  return arrivedAt === undefined ? undefined : Math.max(0, arrivedAt - from)
}

export function boundOf({ world, vrrp, dead, rules }: Run): number {
  const { settings } = world
  const masters = vrrp.masters()
  const pinned = validPin(world)
  const stale = world
    .claims()
    .some(
      ({ eni, state }) =>
        state === 'MASTER' && !world.isUnreachable(eni) && !masters.some((master) => master.eni === eni),
    )
  const isBraked = [...world.nodes.values()].some((node) => !dead.has(node) && rules.hasToBrake(node))
  const intervalMs = longestInterval(world)
  const slowPause = OTHERS_SLOWDOWN * intervalMs
  const knows = [...world.nodes.values()].some(
    ({ eni, daemon }) => eni === pinned?.eni && daemon.protocol?.pin?.eni === eni,
  )
  const isNews = pinned !== undefined && !knows
  return 3 * intervalMs + CALLS_MS + (stale ? settings.ttlMs : 0) + (isNews ? slowPause : 0) + (isBraked ? BRAKE_MS : 0)
}

function longestInterval({ nodes, settings }: World): number {
  return (
    settings.intervalMs * Math.max(1, ...[...nodes.values()].map(({ daemon }) => daemon.protocol?.pauseFactor ?? 1))
  )
}

export function validPin(world: World): Pin | undefined {
  return world
    .pins()
    .filter(({ eni, until }) => until > world.now && !world.isUnreachable(eni))
    .toSorted((a, b) => b.since - a.since)[0]
}

/**
 * Whom VRRP elects, or the pinned one. Undefined where it is a node without a daemon: nobody tells it that the routes are
 * elsewhere before its next event.
 */
function expectedOwner({ world, vrrp, dead }: Run): WorldNode | undefined {
  const pinned = validPin(world)?.eni
  const owner =
    pinned === undefined
      ? vrrp.masters().toSorted((a, b) => (outranks(a, b) ? -1 : 1))[0]
      : [...world.nodes.values()].find((node) => node.eni === pinned && !dead.has(node))
  return owner?.ways.daemon ? owner : undefined
}

/** Whether one of several masters has hooks alone. */
function isHookContended({ vrrp }: Run): boolean {
  const masters = vrrp.masters()
  return masters.length > 1 && masters.some(({ ways }) => !ways.daemon)
}

/** As far as the agents know: a priority that is not known is the lowest. */
function outranks(a: WorldNode, b: WorldNode): boolean {
  const [left, right] = [a.priority ?? 0, b.priority ?? 0]
  return left === right ? isAbove(a.address, b.address) : left > right
}

function isThere({ world }: Run, owner: WorldNode): boolean {
  return world
    .targets()
    .every((target) => target?.kind === 'other' || (target?.kind === 'eni' && target.eni === owner.eni))
}

/** Returns when the routes were there for good. */
export function awaitOwner(run: Run, owner: WorldNode | undefined, deadline: number): number | undefined {
  const { world } = run
  let arrivedAt: number | undefined
  while (world.now < deadline) {
    world.run(Math.min(250, deadline - world.now))
    if (!owner || !isThere(run, owner)) arrivedAt = undefined
    else arrivedAt ??= world.now
  }
  if (owner && arrivedAt === undefined) throw new BrokenRule(`the routes are not at ${owner.name}, where they belong`)
  return arrivedAt
}

/** Nobody writes any more, and, unless nodes contend or beat all the time, nobody publishes. */
function checkQuiet(run: Run, owner: WorldNode | undefined, ms: number): void {
  const { world, vrrp, plan, isWriting } = run
  const startedAt = world.now
  const intervalMs = longestInterval(world)
  const isContended = vrrp.masters().length > 1
  // Adverts that change nothing need not be simulated; those of a lower master, which keepalived reports, must.
  if (!isContended || ms > LONGEST_WITH_ADVERTS_MS) vrrp.freeze()
  world.run(ms)
  if (isWriting.at !== undefined && isWriting.at > startedAt) throw new BrokenRule('a write after all has settled')
  const lastPublish = startedAt + (2 * OTHERS_SLOWDOWN + 1) * intervalMs
  const isSilent = !isContended && plan.witness === 'ec2-tags'
  if (isSilent && owner && world.calls.publishedAt > lastPublish) {
    throw new BrokenRule('a claim is published after all has settled')
  }
  if (owner && !isThere(run, owner)) throw new BrokenRule(`the routes did not stay at ${owner.name}`)
  if (world.now > lastPublish) checkClaims(run)
}

/** What is published is what is so. */
function checkClaims({ world, dead }: Run): void {
  const claims = world.claims()
  for (const node of world.nodes.values()) {
    const claim = claims.find(({ eni }) => eni === node.eni)
    if (dead.has(node) || !node.ways.daemon || (claim?.state === node.vrrp && claim.priority === node.priority))
      continue
    throw new BrokenRule(`the claim of ${node.name} says ${claim?.state}, and it is ${node.vrrp}`)
  }
}

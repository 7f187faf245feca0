/** What is promised of nodes that have hooks alone: not that they heal, but that each failover brings the routes along. */
import { awaitOwner, boundOf, CALLS_MS, ELECTION_MS, type Run, validPin } from './settling.ts'
import type { WorldNode } from './world-node.ts'

/** How long a hook takes to start, and then to act, where nothing is wrong. */
export const LATEST_START_MS = 2000
export const LONGEST_LOAD_MS = 200
const LONGEST_EDGE_MS = 5000
const FREE_EDGES = 2
const FAILOVERS = 2

/**
 * Where hooks alone act, nothing is healed between two events; but a failover brings every route to each new master. Its
 * master is stopped and started again, twice; each time another node, or the same one, becomes MASTER.
 */
export function checkFailovers(run: Run): void {
  const { vrrp, world, plan } = run
  const isReady = () => vrrp.masters().length === 1 && validPin(world) === undefined
  if (plan.lasting.length > 0 || plan.nodes.every(({ kind }) => kind !== 'hooks')) return
  vrrp.thaw()
  world.run(ELECTION_MS)
  for (let turn = 0; turn < FAILOVERS && isReady(); turn += 1) {
    const [stopped] = vrrp.masters()
    if (!stopped) return
    vrrp.down(stopped, 'STOP')
    checkFailover(run, stopped)
    const [next] = vrrp.masters()
    vrrp.up(stopped)
    checkFailover(run, next)
  }
}

/**
 * Where two become MASTER in one election, one of them for a moment, that is a blip, which hooks alone cannot heal.
 * @param before who was the master
 */
function checkFailover(run: Run, before: WorldNode | undefined): void {
  const { vrrp, world } = run
  const elected = vrrp.elections
  world.run(ELECTION_MS)
  const [owner] = vrrp.masters()
  if (!owner || owner === before || vrrp.elections !== elected + 1) return
  const bound = owner.ways.daemon ? boundOf(run) : hookBoundOf(run, owner)
  awaitOwner(run, owner, vrrp.lastTransitionAt + bound)
}

/**
 * - it starts, writes at once, and looks again until the edge is over
 * - an edge that is held, and a claim of another that is no master any more: that claim has to expire first, from the first good
 *   read, and the next tick sees that; a pin that is kept only holds it until the read that shows that it has ended
 */
function hookBoundOf({ world }: Run, { journal, kept }: WorldNode): number {
  const { intervalMs, ttlMs, failover } = world.settings
  const isHeld = failover === 'safe' || kept?.pin !== undefined || journal.filter(isMasterEvent).length > FREE_EDGES
  return LATEST_START_MS + LONGEST_LOAD_MS + LONGEST_EDGE_MS + CALLS_MS + (isHeld ? ttlMs + 2 * intervalMs : 0)
}

function isMasterEvent({ state }: { readonly state: string }): boolean {
  return state === 'MASTER'
}

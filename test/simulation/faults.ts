/** Faults of a plan, done to a world and undone. */
import type { Target } from '../../src/core/route-target.ts'
import { eni, instanceId } from '../support/fixtures.ts'
import type { Fault, LastingFault, MomentaryFault, RouteTo } from './plan.ts'
import type { Vrrp } from './vrrp.ts'
import type { World } from './world.ts'
import type { Api, WorldNode } from './world-node.ts'

const FLAP_DOWN_MS = 4500
const FLAP_UP_MS = 2500

export type Stage = {
  readonly world: World
  readonly vrrp: Vrrp
  /** Machines that will not come back. */
  readonly dead: Set<WorldNode>
  /** How long the calls of a node take at least. */
  readonly slow: Map<WorldNode, number>
  /** How long the hooks of a node may take to start. */
  readonly late: Map<WorldNode, number>
}

/** Does the fault now. What it returns undoes it. */
export function begin(stage: Stage, fault: Fault): (() => void) | undefined {
  stage.world.log(`FAULT ${JSON.stringify(fault.what)}`)
  if (fault.lasts) {
    if (fault.what.kind === 'cut') return cut(stage, fault.what)
    return fault.what.kind === 'flap' ? flap(stage, fault.what) : beginLasting(stage, fault.what)
  }
  if (fault.what.kind === 'unpin') stage.world.unpin()
  else happen(stage, fault.what, fault.until)
  return undefined
}

function beginLasting(stage: Stage, fault: Exclude<LastingFault, { kind: 'cut' | 'flap' }>): (() => void) | undefined {
  const { world, vrrp, slow, late, dead } = stage
  const node = world.node(fault.node)
  if (dead.has(node)) return undefined
  switch (fault.kind) {
    case 'line':
      Object.assign(vrrp.line(node), fault.lost ? { lost: true } : { lateMs: fault.lateMs })
      return () => Object.assign(vrrp.line(node), { lost: false, lateMs: 0 })
    case 'reads':
      return withApi(node, { reads: 'down' }, { reads: 'up' })
    case 'claims':
      return withApi(node, { claims: 'down' }, { claims: 'up' })
    case 'throttled':
      return withApi(node, { reads: 'throttled' }, { reads: 'up' })
    case 'writes':
      return withApi(node, { writes: fault.answer }, { writes: 'up' })
    case 'publishes':
      return withApi(node, { publishes: fault.answer }, { publishes: 'up' })
    case 'api':
      return withApi(node, DOWN, HEALTHY)
    case 'stale':
      return withApi(node, { staleMs: fault.routesMs, staleClaimsMs: fault.claimsMs }, HEALTHY)
    case 'slow':
      slow.set(node, fault.ms)
      return () => slow.delete(node)
    case 'hooks':
      late.set(node, fault.ms)
      return () => late.delete(node)
    case 'daemon':
      world.kill(node)
      return () => restart(stage, node)
    case 'keepalived':
      vrrp.down(node, fault.how)
      return () => dead.has(node) || vrrp.up(node)
    default:
      return detach(stage, node)
  }
}

function happen(stage: Stage, fault: Exclude<MomentaryFault, { kind: 'unpin' }>, until: number): void {
  const { world, vrrp, dead } = stage
  const node = world.node(fault.node)
  if (dead.has(node)) return
  switch (fault.kind) {
    case 'pause':
      node.pausedUntil = Math.max(node.pausedUntil, until)
      break
    case 'reopen':
      vrrp.reopen(node)
      break
    case 'terminated':
    case 'hung':
      die(stage, node, fault.kind === 'terminated')
      break
    case 'route':
      world.setRoute(fault.table, targetOf(fault.to, node))
      break
    case 'pin':
      pin(world, node, fault.ms)
      break
    case 'clock':
      node.wallOffset = fault.ms
      break
    case 'interface':
      world.replaceInterface(node, eni(`${node.eni}0`), fault.ms)
      break
    case 'kill-hooks':
      world.hooks.killAll(node)
      break
    case 'untag':
      world.setClaim(node.eni, undefined)
      break
    default:
      world.calls.lateWrite(node)
  }
}

/** Ends everything that a fault may have left behind. */
export function healAll(stage: Stage): void {
  const { world, vrrp, dead, slow, late } = stage
  slow.clear()
  late.clear()
  for (const node of world.nodes.values()) {
    node.api = HEALTHY
    Object.assign(vrrp.line(node), { lost: false, lateMs: 0 })
    for (const other of world.nodes.values()) vrrp.join(node, other)
    if (dead.has(node)) continue
    world.setVoid(node.eni, false)
    vrrp.up(node)
    restart(stage, node)
  }
}

const HEALTHY: Api = { reads: 'up', claims: 'up', writes: 'up', publishes: 'up', staleMs: 0, staleClaimsMs: 0 }
const DOWN: Partial<Api> = { reads: 'down', writes: 'down', publishes: 'down' }

function withApi(node: WorldNode, change: Partial<Api>, undo: Partial<Api>): () => void {
  node.api = { ...node.api, ...change }
  return () => {
    node.api = { ...node.api, ...undo }
  }
}

function cut({ world, vrrp }: Stage, fault: { from: string; to: string; bothWays: boolean }): () => void {
  const [from, to] = [world.node(fault.from), world.node(fault.to)]
  vrrp.cut(from, to)
  if (fault.bothWays) vrrp.cut(to, from)
  return () => {
    vrrp.join(from, to)
    if (fault.bothWays) vrrp.join(to, from)
  }
}

/** Gone for just long enough, and back for just long enough. */
function flap(stage: Stage, link: { from: string; to: string; bothWays: boolean }): () => void {
  let undo: (() => void) | undefined
  let isOver = false
  const turn = () => {
    if (isOver) return
    if (undo) undo = void undo()
    else undo = cut(stage, link)
    stage.world.after(undo ? FLAP_DOWN_MS : FLAP_UP_MS, turn)
  }
  turn()
  return () => {
    isOver = true
    undo?.()
  }
}

function restart({ world, dead }: Stage, node: WorldNode): void {
  if (!dead.has(node) && !node.daemon.protocol) world.start(node)
}

/** The interface that VRRP runs over is the one that carries the traffic. */
function detach({ world, vrrp, dead }: Stage, node: WorldNode): () => void {
  const { eni: detached } = node
  world.setVoid(detached, true)
  const others = [...world.nodes.values()].filter((other) => other !== node)
  for (const other of others) {
    vrrp.cut(node, other)
    vrrp.cut(other, node)
  }
  return () => {
    if (!dead.has(node)) world.setVoid(detached, false)
    for (const other of others) {
      vrrp.join(node, other)
      vrrp.join(other, node)
    }
  }
}

function die({ world, vrrp, dead }: Stage, node: WorldNode, isUnreachable: boolean): void {
  dead.add(node)
  vrrp.down(node, 'killed')
  world.destroy(node)
  if (isUnreachable) world.setVoid(node.eni, true)
}

function targetOf(to: RouteTo, node: WorldNode): Target | undefined {
  switch (to) {
    case 'none':
      return undefined
    case 'tool':
      return { kind: 'instance', instance: instanceId('i-0a1b2c3d') }
    case 'nat':
      return { kind: 'other', id: 'nat-0a1b2c3d' }
    case 'node':
      return { kind: 'eni', eni: node.eni, instance: undefined }
  }
}

/** As the command does it: the tag, and the routes at once, but nobody else's. */
function pin(world: World, node: WorldNode, ms: number): void {
  world.pin(node.eni, ms)
  for (const [index, target] of world.targets().entries()) {
    if (target?.kind !== 'other') world.setRoute(index, targetOf('node', node))
  }
}

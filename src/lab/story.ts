/** Runs a failover and failback, narrating live. */
import { table } from '../terminal/table.ts'
import type { Account } from './account.ts'
import type { InterfaceRoute } from './endpoint-control.ts'
import type { Hook, HookLogLine } from './hook.ts'
import { poll } from './poll.ts'
import { type LabNode, nodes, type Scene, tableNames, VIP } from './scene.ts'
import { type SplitBrainTiming, tellSplitBrain } from './split-brain.ts'
import type { Stage, Transition } from './stage.ts'
import { areAllAt, vipRoutes } from './vip-routes.ts'

const PATIENCE_MS = 15_000

/** Durations of a change of master, in milliseconds. */
type Timing = {
  readonly election: number
  readonly hook: number | undefined
  readonly total: number
}

/** @throws an error naming what did not happen */
export async function tell(stage: Stage, scene: Scene, account: Account): Promise<void> {
  const [first, second] = nodes
  const { control, splitBrain } = stage

  /** Waits until every route points at a node; returns when that was seen. */
  async function arrived(node: LabNode): Promise<number> {
    const eni = scene.eniOf(node)
    await poll(
      `${VIP} at ${node.name} in ${tableNames(scene)}`,
      PATIENCE_MS,
      async () => areAllAt(await vipRoutes(control), scene, eni) || undefined,
    )
    account.narrate('cloud', account.style.green(`${VIP} → ${node.name} in ${tableNames(scene)}`))
    return Date.now()
  }

  /** Waits until the node's hook has confirmed its routes. */
  async function settled(node: LabNode, { causedAt }: Transition): Promise<void> {
    await logged(stage.hookOf(node), 'routes confirmed', causedAt)
    account.narrate(node.name, 'has read the routes back: they stay')
  }

  async function follow(node: LabNode, { causedAt, electedAt }: Transition): Promise<Timing> {
    const movedAt = await arrived(node)
    const accepted = await logged(stage.hookOf(node), 'routes accepted', causedAt)
    return {
      election: electedAt - causedAt,
      hook: accepted.ms,
      total: movedAt - causedAt,
    }
  }

  const begun = await stage.begin()
  await arrived(first)
  await settled(first, begun)
  const before = await vipRoutes(control)

  account.chapter('The master dies')
  const crash = await stage.crash()
  const failover = await follow(second, crash)
  const after = await vipRoutes(control)
  await settled(second, crash)

  account.chapter(`${first.name} comes back`)
  const back = await stage.failBack()
  const failback = await follow(first, back)

  // Let the first node's hook finish: it restores routes for 3 s, and here the daemon should.
  await settled(first, back)
  const parted = await tellSplitBrain(splitBrain, control, scene, account)

  account.chapter('How long it took')
  account.block(timings([failover, failback], account.width))
  account.block(`\n${partedTimings(parted, account.width)}`)
  account.chapter(`Where ${VIP} pointed`)
  account.block(routesTable(scene, before, after, account.width))
}

/** Waits for a line with this message in a hook's log, no older than `since`. */
function logged(hook: Hook, message: string, since: number): Promise<HookLogLine> {
  return poll(`"${message}" in the hook's log`, PATIENCE_MS, () =>
    hook.log().find(({ msg, time }) => msg === message && time >= since),
  )
}

function timings(columns: readonly Timing[], width: number): string {
  const row = (label: string, part: keyof Timing) => [
    label,
    ...columns.map(({ [part]: ms }) => (ms === undefined ? '' : milliseconds(ms))),
  ]
  return table(
    [
      row('VRRP elects a new master', 'election'),
      row('its hook runs until EC2 accepts every route', 'hook'),
      row('total, until every route points at it', 'total'),
    ],
    ['', ' failover', ' failback'],
    width,
  )
}

function partedTimings({ second, restored, single }: SplitBrainTiming, width: number): string {
  return table(
    [
      ['no adverts → a second master', milliseconds(second)],
      ['two masters → the higher has the routes back', milliseconds(restored)],
      ['adverts again → one master', milliseconds(single)],
    ],
    ['split brain', ''],
    width,
  )
}

function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`.padStart(9)
}

function routesTable(
  scene: Scene,
  before: readonly InterfaceRoute[],
  after: readonly InterfaceRoute[],
  width: number,
): string {
  const cell = (routes: readonly InterfaceRoute[], id: string) => {
    const target = routes.find((route) => route.table === id)?.target
    return target ? `${scene.nameOf(target)} ${target}` : 'missing'
  }
  return table(
    [...scene.tables].map(([name, id]) => [name, cell(before, id), cell(after, id)]),
    ['route table', 'before', 'after the failover'],
    width,
  )
}

/** Creates a split brain and heals it, narrating live. */
import type { Account } from './account.ts'
import type { EndpointControl, EndpointRequest } from './endpoint-control.ts'
import { poll } from './poll.ts'
import { inNames, type LabNode, nodes, type Scene, tableNames, VIP } from './scene.ts'
import type { SplitBrain } from './stage.ts'
import { acceptedWrites, areAllAt, vipRoutes } from './vip-routes.ts'

const PATIENCE_MS = 15_000

/** Durations in milliseconds. */
export type SplitBrainTiming = {
  /** From the loss of adverts until there are two masters. */
  readonly second: number
  /** From then until the last route write, which restores the master that VRRP prefers. */
  readonly restored: number
  /** From the first advert received again until there is one master. */
  readonly single: number
}

/** @throws an error naming what did not happen, or what should not have */
export async function tellSplitBrain(
  splitBrain: SplitBrain,
  control: EndpointControl,
  scene: Scene,
  account: Account,
): Promise<SplitBrainTiming> {
  const [first, second] = nodes
  const [masterEni, otherEni] = [scene.eniOf(first), scene.eniOf(second)]
  const told = new Map(nodes.map((node) => [node, 0]))

  /** Narrates the daemons' new decisions, except edges into MASTER, whose effects are narrated. */
  function tellDecisions(): void {
    for (const node of nodes) {
      const decisions = splitBrain.decisionsOf(node)
      for (const { condition, sentence } of decisions.slice(told.get(node))) {
        if (condition === 'SWITCHING') continue
        const paint = condition === 'OK' ? account.style.green : account.style.yellow
        account.narrate(node.name, `daemon: ${inNames(sentence, scene).replace(condition, paint(condition))}`)
      }
      told.set(node, decisions.length)
    }
  }

  /** Polls the requests. */
  function shown<Answer>(what: string, ask: (requests: readonly EndpointRequest[]) => Answer | undefined) {
    return poll(what, PATIENCE_MS, async () => {
      const requests = await control.requests()
      tellDecisions()
      return ask(requests)
    })
  }

  /** Waits until a node has written every route after `since`. */
  async function taken(eni: string, since: number): Promise<void> {
    await shown(`${VIP} at ${scene.nameOf(eni)}`, (requests) => {
      const written = acceptedWrites(requests).filter(({ at, target }) => at >= since && target === eni)
      return new Set(written.map(({ table }) => table)).size === scene.tables.size || undefined
    })
    account.narrate('cloud', account.style.green(`${VIP} → ${scene.nameOf(eni)} in ${tableNames(scene)}`))
  }

  /** Whether the daemons agree that the first node has the routes and the second yields. */
  function isAgreed(): boolean {
    const stands = (node: LabNode, action: string) => {
      const decision = splitBrain.decisionsOf(node).at(-1)
      return decision?.condition === 'SPLIT-BRAIN' && decision.action === action
    }
    return stands(first, 'none') && stands(second, 'yield')
  }

  account.chapter('The nodes stop hearing each other')
  await splitBrain.startDaemons()
  tellDecisions()
  const { partedAt, secondMasterAt } = await splitBrain.part()
  await taken(otherEni, partedAt)
  await taken(masterEni, partedAt)
  const last = await shown('both masters agree on the owner', (requests) => {
    const write = acceptedWrites(requests).at(-1)
    return write?.target === masterEni && isAgreed() && hasPublished(requests, otherEni, write.at) ? write : undefined
  })
  account.narrate('cloud', 'both are MASTER, and neither writes a route any more')

  account.chapter('They hear each other again')
  const { rejoinedAt, steppedDownAt } = await splitBrain.rejoin()
  const areAllWell = () => nodes.every((node) => splitBrain.decisionsOf(node).at(-1)?.condition === 'OK')
  const requests = await shown('both daemons report OK', (seen) => (areAllWell() ? seen : undefined))
  const late = acceptedWrites(requests).filter(({ at }) => at > last.at)
  if (late.length > 0 || !areAllAt(await vipRoutes(control), scene, masterEni)) {
    throw new Error(`the routes did not stay at ${first.name}: ${late.length} writes after they were restored`)
  }
  account.narrate('cloud', `${VIP} is still at ${first.name}: no route was written since it was restored`)
  return {
    second: secondMasterAt - partedAt,
    restored: last.at - secondMasterAt,
    single: steppedDownAt - rejoinedAt,
  }
}

/** Whether a node has published its claim after `since`: a master that sees another does so on every tick. */
function hasPublished(requests: readonly EndpointRequest[], eni: string, since: number): boolean {
  return requests.some(
    ({ action, params, at }) => action === 'CreateTags' && params['ResourceId.1'] === eni && at > since,
  )
}

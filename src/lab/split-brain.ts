/** Split brain, made and healed, told while it happens. */
import type { Account } from './account.ts'
import type { EndpointControl, EndpointRequest } from './endpoint-control.ts'
import { poll } from './poll.ts'
import { inNames, type LabNode, nodes, type Scene, tableNames, VIP } from './scene.ts'
import type { SplitBrain } from './stage.ts'
import { acceptedWrites, areAllAt, vipRoutes } from './vip-routes.ts'

const PATIENCE_MS = 15_000

/** In milliseconds. */
export type SplitBrainTiming = {
  /** From the loss of the adverts until there are two masters. */
  readonly second: number
  /** From then until the last write of a route, which brings it back to the master that VRRP means. */
  readonly restored: number
  /** From the first advert that gets through again until there is one master. */
  readonly single: number
}

/** @throws an error that says what was waited for when it does not happen, or what should not have happened */
export async function tellSplitBrain(
  splitBrain: SplitBrain,
  control: EndpointControl,
  scene: Scene,
  account: Account,
): Promise<SplitBrainTiming> {
  const [first, second] = nodes
  const [masterEni, otherEni] = [scene.eniOf(first), scene.eniOf(second)]
  const told = new Map(nodes.map((node) => [node, 0]))

  /** Tells what the daemons have decided meanwhile; an edge into MASTER is told by what comes of it. */
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

  /** Waits for what the requests show. */
  function shown<Answer>(what: string, ask: (requests: readonly EndpointRequest[]) => Answer | undefined) {
    return poll(what, PATIENCE_MS, async () => {
      const requests = await control.requests()
      tellDecisions()
      return ask(requests)
    })
  }

  /** Waits until a node has written every route since a moment. */
  async function taken(eni: string, since: number): Promise<void> {
    await shown(`${VIP} at ${scene.nameOf(eni)}`, (requests) => {
      const written = acceptedWrites(requests).filter(({ at, target }) => at >= since && target === eni)
      return new Set(written.map(({ table }) => table)).size === scene.tables.size || undefined
    })
    account.narrate('cloud', account.style.green(`${VIP} → ${scene.nameOf(eni)} in ${tableNames(scene)}`))
  }

  /** Whether, for all they know, one has the routes and the other leaves them to it. */
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
  const last = await shown('both masters agree on one of them', (requests) => {
    const write = acceptedWrites(requests).at(-1)
    return write?.target === masterEni && isAgreed() && hasPublished(requests, otherEni, write.at) ? write : undefined
  })
  account.narrate('cloud', 'both are MASTER, and nobody writes a route any more')

  account.chapter('They hear each other again')
  const { rejoinedAt, steppedDownAt } = await splitBrain.rejoin()
  const areAllWell = () => nodes.every((node) => splitBrain.decisionsOf(node).at(-1)?.condition === 'OK')
  const requests = await shown('both daemons find all well', (seen) => (areAllWell() ? seen : undefined))
  const late = acceptedWrites(requests).filter(({ at }) => at > last.at)
  if (late.length > 0 || !areAllAt(await vipRoutes(control), scene, masterEni)) {
    throw new Error(`the routes did not stay at ${first.name}: ${late.length} writes after they were back`)
  }
  account.narrate('cloud', `${VIP} is at ${first.name} still: no route was written since it was back`)
  return {
    second: secondMasterAt - partedAt,
    restored: last.at - secondMasterAt,
    single: steppedDownAt - rejoinedAt,
  }
}

/** Whether a node has published its claim since a moment: a master that sees another does so at every look. */
function hasPublished(requests: readonly EndpointRequest[], eni: string, since: number): boolean {
  return requests.some(
    ({ action, params, at }) => action === 'CreateTags' && params['ResourceId.1'] === eni && at > since,
  )
}

/** A case whose nodes run the daemon, and what is to be seen of it. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { askStatus } from '../../src/agent/control/status.ts'
import { controlOf } from '../../src/lab/daemon.ts'
import type { EndpointRequest } from '../../src/lab/endpoint-control.ts'
import { elected } from '../../src/lab/keepalived.ts'
import { poll } from '../../src/lab/poll.ts'
import { type LabNode, VRRP_INSTANCE } from '../../src/lab/scene.ts'
import { type Case, type CaseOptions, first, raise, second } from './case.ts'

/** For what never comes. */
export const DEADLINE_MS = 15_000

/** What a daemon says of the case's only VRRP instance. */
export type Standing = {
  readonly state: string | undefined
  readonly condition: string | undefined
  readonly action: string | undefined
  readonly reason: string | undefined
  readonly configRejected: string | null
}

export type DaemonCase = Case & {
  /**
   * Starts keepalived and the daemon of both, and waits until the first has the routes and both daemons know so. The
   * daemons first, or else once there is a master.
   */
  bothDaemonsUp(order?: 'daemons first'): Promise<void>
  standing(node: LabNode): Promise<Standing>
  /** Waits until a daemon says so. */
  says(node: LabNode, what: Partial<Standing> | ((standing: Standing) => boolean)): Promise<void>
  /** Every request that changes something, and came after a moment (milliseconds since the epoch). */
  changes(since: number): Promise<EndpointRequest[]>
  /** Requests to point a route somewhere, after a moment. */
  routeWrites(since: number): Promise<EndpointRequest[]>
  /** Waits until every route is at the node; returns when EC2 accepted the last of the writes that brought them there. */
  restored(node: LabNode, since: number): Promise<number>
  /** When EC2 accepted the node's first write after a moment; waits for it. */
  firstWrite(node: LabNode, since: number): Promise<number>
  /** Prints a measured time. */
  tell(what: string, ms: number): void
}

export async function raiseWithDaemons({
  interval = '1s',
  ...options
}: CaseOptions & { interval?: string } = {}): Promise<DaemonCase> {
  const lab = await raise({ withHook: false, ...options, daemons: { interval } })
  const name = expect.getState().currentTestName

  async function standing(node: LabNode): Promise<Standing> {
    const answer = await askStatus(controlOf(join(lab.directory, node.name)))
    if (answer.kind !== 'up') throw new Error(answer.reason)
    const { configRejected, instances } = answer.status
    const { claim, decision } = instances[0] ?? {}
    const { condition, action, reason } = decision ?? {}
    return { state: claim?.state, condition, action, reason, configRejected }
  }

  async function says(node: LabNode, what: Partial<Standing> | ((standing: Standing) => boolean)): Promise<void> {
    if (typeof what === 'function') {
      await expect.poll(async () => what(await standing(node)), { timeout: DEADLINE_MS, interval: 20 }).toBe(true)
    } else {
      await expect.poll(() => standing(node), { timeout: DEADLINE_MS, interval: 20 }).toMatchObject(what)
    }
  }

  const requestsSince = async (since: number, actions: RegExp) =>
    (await lab.cluster.control.requests()).filter(({ action, at }) => at >= since && actions.test(action))
  const routeWrites = (since: number) => requestsSince(since, /^(Replace|Create)Route$/)

  async function accepted(node: LabNode, since: number): Promise<EndpointRequest[]> {
    const own = new Set((await lab.writes(node)).map(({ at }) => at))
    return (await routeWrites(since)).filter(({ at, status }) => status === 200 && own.has(at))
  }

  return {
    ...lab,
    async bothDaemonsUp(order) {
      if (order) await Promise.all([lab.cluster.startDaemon(first), lab.cluster.startDaemon(second)])
      const [keepalived] = await Promise.all([lab.cluster.start(first), lab.cluster.start(second)])
      await elected(keepalived, VRRP_INSTANCE)
      if (!order) await lab.cluster.startDaemon(first)
      await says(first, { state: 'MASTER', condition: 'OK' })
      // A backup reads its first view at once, and the next one a while later.
      if (!order) await lab.cluster.startDaemon(second)
      await says(second, { state: 'BACKUP', condition: 'OK' })
      expect(await lab.owners()).toEqual(lab.allAt(first))
    },
    standing,
    says,
    changes: (since) => requestsSince(since, /^(Create|Replace|Delete|Modify)/),
    routeWrites,
    async restored(node, since) {
      await expect.poll(lab.owners, { timeout: DEADLINE_MS, interval: 10 }).toEqual(lab.allAt(node))
      return Math.max(since, ...(await accepted(node, since)).map(({ at }) => at))
    },
    async firstWrite(node, since) {
      return poll(`a write of ${node.name}`, DEADLINE_MS, async () => (await accepted(node, since))[0]?.at)
    },
    tell: (what, ms) => process.stdout.write(`  ${name}: ${what} ${Math.round(ms)} ms\n`),
  }
}

/** What this host's daemon knows, for when the config cannot be read: EC2 is not asked. */

import { askStatus, daemonSummary, detailsOf, type InstanceStatus } from '../agent/control/status.ts'
import type { InstanceOverview, Overview, Trouble } from '../core/overview.ts'
import { daemonView } from './overview.ts'

/**
 * @param control path of the daemon's socket
 * @param why nothing else is known
 */
export async function overviewOfDaemon(control: string, why: Trouble, date: number): Promise<Overview> {
  const answer = await askStatus(control)
  const status = answer.kind === 'up' ? answer.status : undefined
  return {
    cluster: status?.cluster,
    region: status?.region,
    date,
    readAge: undefined,
    control,
    daemon: daemonSummary(answer),
    here: status?.eni,
    details: status ? detailsOf(status) : [],
    instances: status?.instances.map((told) => instanceOverview(told, why)) ?? [],
    facts: new Map(),
    troubles: [why],
    notes: [],
  }
}

function instanceOverview(told: InstanceStatus, { message }: Trouble): InstanceOverview {
  const { eni, state, priority, since } = told.claim
  const own = { eni, state, priority: priority ?? undefined, since }
  return {
    name: told.name,
    condition: 'UNKNOWN',
    reason: message,
    routes: [],
    nodes: [{ ...own, liveness: 'alive', isHere: true, published: undefined }],
    doubts: [],
    intended: undefined,
    masters: 0,
    pin: undefined,
    problems: [],
    details: detailsOf(told),
    daemon: daemonView(told),
    lastTransition: undefined,
  }
}

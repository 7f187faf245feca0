/** The state of a config's VRRP instances, according to keepalived itself. */

import { createProbe, type Probe, type ProbeResult } from '../../adapters/keepalived/probe.ts'
import { findKeepalived } from '../../adapters/keepalived/process.ts'
import type { Config } from '../../config/schema.ts'
import type { NodeState } from '../../core/claim.ts'

export function probeFor({ keepalived: { pidFile }, instances }: Config): Probe {
  return createProbe({ pidFile, expected: Object.keys(instances) })
}

/** Whether a keepalived runs on this host, or may. */
export function isThere({ keepalived: { pidFile } }: Pick<Config, 'keepalived'>): boolean {
  return findKeepalived(pidFile).kind !== 'not-running'
}

/** The state of the instance or group, if the answer tells it; otherwise it may be unchanged. */
export function stateOf(
  result: ProbeResult,
  name: string,
): { state: NodeState; priority: number | undefined } | undefined {
  switch (result.kind) {
    case 'running': {
      const status = result.instances.get(name) ?? result.groups.get(name)
      if (!status || status.state === 'UNKNOWN') return undefined
      return { state: status.state, priority: status.effectivePriority }
    }
    // Whatever the last event said, a node without keepalived is not a master.
    case 'not-running':
      return { state: 'STOP', priority: undefined }
    case 'unknown':
      return undefined
  }
}

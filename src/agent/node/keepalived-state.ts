/** What keepalived itself says of a config's VRRP instances. */

import { createProbe, type Probe, type ProbeResult } from '../../adapters/keepalived/probe.ts'
import type { Config } from '../../config/schema.ts'
import type { NodeState } from '../../core/claim.ts'

export function probeFor({ keepalived: { pidFile }, instances }: Config): Probe {
  return createProbe({ pidFile, expected: Object.keys(instances) })
}

/** What the answer says of the instance or group; undefined: nothing, and it may be as it was. */
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
    // Whatever the last event said: a node without keepalived is no master.
    case 'not-running':
      return { state: 'STOP', priority: undefined }
    case 'unknown':
      return undefined
  }
}

/** Metrics in mackerel-agent's plugin format (https://mackerel.io/docs/entry/advanced/custom-metrics). */
import { CONDITIONS } from '../../core/decide.ts'
import { detailKindsFrom } from '../../core/detail.ts'
import { PLACES } from '../../core/overview.ts'
import { asIs, type Printable } from '../../terminal/print.ts'
import type { Measure } from './measures.ts'

const PREFIX = 'vip-switch'

/** One line per measure: name, value and epoch seconds, tab-separated. @param date milliseconds since the epoch */
export function mackerelText(measures: readonly Measure[], date: number): Printable {
  const seconds = Math.floor(date / 1000)
  return asIs(measures.map((measure) => [nameOf(measure), measure.value, seconds].join('\t')).join('\n'))
}

/** Dots separate the parts of a metric name; a part may contain only letters, digits, `-` and `_`. */
function nameOf({ graph, instance, line }: Measure): string {
  const parts = [PREFIX, graph, ...(instance === undefined ? [] : [instance.replace(/[^-\w]/g, '_')]), line]
  return parts.join('.')
}

type Line = { readonly name: string; readonly label: string; readonly stacked?: true }

const line = (name: string, label = name): Line => ({ name, label })
const stacked = (name: string): Line => ({ ...line(name), stacked: true })

/** By name; `#` stands for each VRRP instance. */
const GRAPHS: Readonly<Record<string, { label: string; metrics: readonly Line[] }>> = {
  host: {
    label: 'vip-switch: this host',
    metrics: [
      line('daemon_up', 'daemon answers'),
      line('config_rejected', 'config rejected'),
      line('credential_renewals', 'credentials renewed'),
      line('ec2_readable', 'EC2 readable'),
      line('read_age', 'EC2 read, seconds ago'),
      ...detailKindsFrom('host').map((kind) => line(kind)),
    ],
  },
  'condition.#': {
    label: 'vip-switch: condition',
    metrics: CONDITIONS.map((condition) => ({ ...stacked(condition.toLowerCase()), label: condition })),
  },
  'routes.#': { label: 'vip-switch: routes', metrics: PLACES.map(stacked) },
  'node.#': {
    label: 'vip-switch: masters, pins',
    metrics: [
      line('masters'),
      line('is_master', 'this node is MASTER'),
      line('pinned'),
      line('mute', 'this node is mute'),
      line('read_age', 'EC2 read by the daemon, seconds ago'),
    ],
  },
  'details.#': {
    label: 'vip-switch: details',
    metrics: detailKindsFrom('daemon', 'ec2').map((kind) => line(kind)),
  },
  'events.#': {
    label: 'vip-switch: since the daemon started',
    metrics: [line('transitions'), line('writes_accepted', 'routes written'), line('heals', 'routes taken back')],
  },
  'failures.#': {
    label: 'vip-switch: failures since the daemon started',
    metrics: [line('writes'), line('reads'), line('publishes')],
  },
  'hooks.#': {
    label: 'vip-switch: hooks since the daemon started',
    metrics: [line('done'), line('failed'), line('ended')],
  },
}

/** The graph definitions that the agent requests with MACKEREL_AGENT_PLUGIN_META=1. */
export function mackerelMeta(): Printable {
  const graphs = Object.fromEntries(
    Object.entries(GRAPHS).map(([name, graph]) => [`${PREFIX}.${name}`, { ...graph, unit: 'integer' }]),
  )
  return asIs(`# mackerel-agent-plugin\n${JSON.stringify({ graphs })}`)
}

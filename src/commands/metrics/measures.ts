/** The current state as metrics: each with its Prometheus name and its place in a Mackerel graph. */
import { CONDITIONS } from '../../core/decide.ts'
import { type Detail, type DetailKind, detailKindsFrom } from '../../core/detail.ts'
import { type DaemonCounters, type InstanceOverview, type Overview, PLACES } from '../../core/overview.ts'

/** Prometheus metric names with their help texts. Names ending in `_total` are counters. */
export const FAMILIES = {
  vip_switch_daemon_up: 'Whether the daemon on this host answers.',
  vip_switch_config_rejected: 'Whether the config file is invalid and so not in effect.',
  vip_switch_credential_renewals_total: 'Renewals of the daemon’s credentials after AWS rejected them.',
  vip_switch_ec2_readable: 'Whether EC2 could be read; if not, metrics of routes and nodes are missing.',
  vip_switch_condition: 'The current condition: 1 for the one that applies, 0 for the others.',
  vip_switch_routes: 'Routes (VIPs times route tables), by state.',
  vip_switch_masters: 'Nodes contending for the routes; more than 1 is a split brain.',
  vip_switch_is_master: 'Whether this node claims to be MASTER.',
  vip_switch_pinned: 'Whether an operator has pinned the routes to a node.',
  vip_switch_mute: 'Whether the other nodes cannot see this node’s claim.',
  vip_switch_read_age_seconds: 'Age of the last complete, successful read of EC2, by the daemon or this command.',
  vip_switch_detail: 'Whether something besides the condition needs attention, by kind.',
  vip_switch_transitions_total: 'State transitions of keepalived on this node.',
  vip_switch_route_writes_total: 'Route writes by the daemon, by result.',
  vip_switch_heals_total: 'Routes that the daemon has taken back from whoever had no claim to them.',
  vip_switch_read_failures_total: 'Failed reads of EC2 by the daemon.',
  vip_switch_publish_failures_total: 'Failed publishes of this node’s claim.',
  vip_switch_hooks_total: 'Runs of the config’s hooks, by result.',
} as const

export type Measure = {
  readonly family: keyof typeof FAMILIES
  /** In addition to the cluster and the VRRP instance. */
  readonly labels: Readonly<Record<string, string>>
  /** The VRRP instance; undefined for a metric of this host. */
  readonly instance: string | undefined
  readonly value: number
  /** Mackerel's graph and line. */
  readonly graph: string
  readonly line: string
}

/** Omits what is unknown. @param isConfigWrong whether the config file could not be read */
export function measuresOf(overview: Overview, isConfigWrong = false): Measure[] {
  const { daemon, readAge, troubles, instances } = overview
  const isConfigRejected = isConfigWrong || (daemon.kind === 'up' && daemon.rejected !== undefined)
  return [
    ofHost('vip_switch_daemon_up', 'daemon_up', daemon.kind === 'up'),
    ofHost('vip_switch_config_rejected', 'config_rejected', isConfigRejected),
    ...(daemon.kind === 'up'
      ? [ofHost('vip_switch_credential_renewals_total', 'credential_renewals', daemon.credentialRenewals)]
      : []),
    ofHost('vip_switch_ec2_readable', 'ec2_readable', troubles.length === 0),
    ...readAgeMeasures('look', readAge, undefined),
    ...(daemon.kind === 'up' ? hostDetailMeasures(overview) : []),
    ...instances.flatMap((instance) => [
      ...conditionMeasures(instance),
      ...(troubles.length === 0 ? routeMeasures(instance) : []),
      ...nodeMeasures(instance, troubles.length === 0),
      ...readAgeMeasures('daemon', instance.daemon?.readAge, instance.name),
      ...detailMeasures(instance, troubles.length === 0),
      ...counterMeasures(instance),
    ]),
  ]
}

function ofHost(family: Measure['family'], line: string, value: boolean | number): Measure {
  return { family, labels: {}, instance: undefined, value: Number(value), graph: 'host', line }
}

function conditionMeasures({ name, condition }: InstanceOverview): Measure[] {
  return CONDITIONS.map((each) => ({
    family: 'vip_switch_condition',
    labels: { condition: each },
    instance: name,
    value: Number(each === condition),
    graph: 'condition',
    line: each.toLowerCase(),
  }))
}

function routeMeasures({ name, routes }: InstanceOverview): Measure[] {
  return PLACES.map((state) => ({
    family: 'vip_switch_routes',
    labels: { state },
    instance: name,
    value: routes.filter(({ place }) => place === state).length,
    graph: 'routes',
    line: state,
  }))
}

function nodeMeasures({ name, masters, pin, nodes, daemon }: InstanceOverview, isRead: boolean): Measure[] {
  const here = nodes.find(({ isHere }) => isHere)
  const measure = (family: Measure['family'], line: string, value: number | boolean): Measure => ({
    family,
    labels: {},
    instance: name,
    value: Number(value),
    graph: 'node',
    line,
  })
  return [
    ...(isRead ? [measure('vip_switch_masters', 'masters', masters)] : []),
    ...(isRead ? [measure('vip_switch_pinned', 'pinned', pin !== undefined)] : []),
    ...(here ? [measure('vip_switch_is_master', 'is_master', here.state === 'MASTER')] : []),
    ...(daemon ? [measure('vip_switch_mute', 'mute', daemon.mute)] : []),
  ]
}

function readAgeMeasures(by: 'daemon' | 'look', ms: number | undefined, instance: string | undefined): Measure[] {
  if (ms === undefined) return []
  const graph = instance === undefined ? 'host' : 'node'
  const value = Math.round(ms / 1000)
  return [{ family: 'vip_switch_read_age_seconds', labels: { by }, instance, value, graph, line: 'read_age' }]
}

function hostDetailMeasures({ details }: Overview): Measure[] {
  return detailKindsFrom('host').map((kind) => detailMeasure(kind, details, undefined))
}

function detailMeasures({ name, details, daemon }: InstanceOverview, isRead: boolean): Measure[] {
  const kinds = [...(daemon ? detailKindsFrom('daemon') : []), ...(isRead ? detailKindsFrom('ec2') : [])]
  return kinds.map((kind) => detailMeasure(kind, details, name))
}

function detailMeasure(kind: DetailKind, details: readonly Detail[], instance: string | undefined): Measure {
  return {
    family: 'vip_switch_detail',
    labels: { detail: kind },
    instance,
    value: Number(details.some((detail) => detail.kind === kind)),
    graph: instance === undefined ? 'host' : 'details',
    line: kind,
  }
}

type Counter = Pick<Measure, 'family' | 'labels' | 'graph' | 'line'> & { readonly key: keyof DaemonCounters }

const result = (text: string) => ({ result: text })

const COUNTERS: readonly Counter[] = [
  { key: 'transitions', family: 'vip_switch_transitions_total', labels: {}, graph: 'events', line: 'transitions' },
  {
    key: 'writesAccepted',
    family: 'vip_switch_route_writes_total',
    labels: result('accepted'),
    graph: 'events',
    line: 'writes_accepted',
  },
  {
    key: 'writesFailed',
    family: 'vip_switch_route_writes_total',
    labels: result('failed'),
    graph: 'failures',
    line: 'writes',
  },
  { key: 'heals', family: 'vip_switch_heals_total', labels: {}, graph: 'events', line: 'heals' },
  { key: 'readsFailed', family: 'vip_switch_read_failures_total', labels: {}, graph: 'failures', line: 'reads' },
  {
    key: 'publishesFailed',
    family: 'vip_switch_publish_failures_total',
    labels: {},
    graph: 'failures',
    line: 'publishes',
  },
  { key: 'hooksDone', family: 'vip_switch_hooks_total', labels: result('done'), graph: 'hooks', line: 'done' },
  { key: 'hooksFailed', family: 'vip_switch_hooks_total', labels: result('failed'), graph: 'hooks', line: 'failed' },
  { key: 'hooksEnded', family: 'vip_switch_hooks_total', labels: result('ended'), graph: 'hooks', line: 'ended' },
]

function counterMeasures({ name, daemon }: InstanceOverview): Measure[] {
  if (!daemon) return []
  return COUNTERS.map(({ key, ...counter }) => ({ ...counter, instance: name, value: daemon.counters[key] }))
}

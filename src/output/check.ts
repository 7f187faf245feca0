/** What `vip-switch check` prints: the one line of a monitoring plugin. */
import type { InstanceOverview, Overview } from '../core/overview.ts'
import { SEVERITIES } from './conditions.ts'
import type { PluginState } from './exit.ts'
import { named, namesIn } from './names.ts'

type Finding = { readonly state: PluginState; readonly text: string }

/** The worst first. */
const ORDER: readonly PluginState[] = ['critical', 'unknown', 'warning', 'ok']

/** The line, and what it says, for the exit code. @param alone whether perfdata is of the only instance that was asked for */
export function checkLine(overview: Overview, alone: boolean): { state: PluginState; line: string } {
  const nameOf = namesIn(overview)
  const found = [...findingsInEc2(overview), ...findingsHere(overview)]
  const ordered = ORDER.flatMap((state) => found.filter((each) => each.state === state))
  const state = ordered[0]?.state ?? 'unknown'
  const texts = ordered.map(({ text }) => named(text, nameOf))
  const figures = overview.troubles.length > 0 ? [] : overview.instances.flatMap((each) => perfdataOf(each, alone))
  return { state, line: pluginLine(state, texts.join('; '), figures) }
}

/** @param text of any kind: what the format gives a meaning to is taken out of it */
export function pluginLine(state: PluginState, text: string, perfdata: readonly string[] = []): string {
  const plain = text.replaceAll('|', '/').replace(/\s+/g, ' ').trim()
  const figures = perfdata.length > 0 ? ` | ${perfdata.join(' ')}` : ''
  return `VIP-SWITCH ${state.toUpperCase()} - ${plain}${figures}`
}

function findingsInEc2({ troubles, instances }: Overview): Finding[] {
  if (troubles.length === 0) return instances.flatMap(findingsIn)
  const names = instances.map(({ name }) => name).join(', ')
  const hints = new Set(troubles.flatMap(({ hint }) => hint ?? []))
  const why = [...troubles.map(({ message }) => message), ...hints]
  return [{ state: 'unknown', text: `${names} UNKNOWN: ${why.join('; ')}` }]
}

function findingsIn({ name, condition, reason, problems, daemon }: InstanceOverview): Finding[] {
  return [
    { state: SEVERITIES[condition], text: `${name} ${condition}: ${reason}` },
    // A condition that is UNKNOWN is so because of them.
    ...(condition === 'UNKNOWN'
      ? []
      : problems.map((text): Finding => ({ state: 'warning', text: `${name}: ${text}` }))),
    ...(daemon?.mute
      ? [{ state: 'warning', text: `${name}: this node is mute, the others cannot see what it claims` } as const]
      : []),
  ]
}

function findingsHere({ daemon, control }: Overview): Finding[] {
  const warning = (text: string): Finding[] => [{ state: 'warning', text }]
  switch (daemon.kind) {
    case 'down':
      return warning(`no daemon answers on ${control} (${daemon.reason})`)
    case 'silent':
      return warning(`the daemon does not tell: ${daemon.reason}`)
    case 'up':
      return daemon.rejected === undefined ? [] : warning(`the daemon goes on with its old config: ${daemon.rejected}`)
    case 'none':
      return []
  }
}

/** https://www.monitoring-plugins.org/doc/guidelines.html#AEN201: 'label'=value;warn;crit;min;max */
function perfdataOf({ name, routes, masters }: InstanceOverview, alone: boolean): string[] {
  const inPlace = routes.filter(({ place }) => place === 'in-place').length
  const label = (what: string) => {
    const text = alone ? what : `${name}.${what}`
    return /^[\w.-]+$/.test(text) ? text : `'${text}'`
  }
  return [`${label('routes_in_place')}=${inPlace};;;0;${routes.length}`, `${label('masters')}=${masters};;;0`]
}

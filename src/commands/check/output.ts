/** Output of `vip-switch check`: a monitoring plugin's line, or JSON. */
import { doubtText } from '../../core/claim.ts'
import type { Condition } from '../../core/decide.ts'
import type { Detail, DetailKind } from '../../core/detail.ts'
import { named, namesIn, tableNamesIn } from '../../core/names.ts'
import type { InstanceOverview, Overview } from '../../core/overview.ts'
import { SEVERITIES } from '../../overview/conditions.ts'
import type { PluginState } from '../../terminal/exit-code.ts'
import { asJson, forPeople, type Printable } from '../../terminal/print.ts'
import { ageText } from '../../terminal/time.ts'

type Finding = {
  readonly state: PluginState
  /** The VRRP instance, unless it concerns all of them or this host. */
  readonly instance: string | undefined
  readonly text: string
  /** The kind of the detail it is about, if any. */
  readonly detail?: DetailKind
}

/** The text to print, and the state for the exit code. */
export type CheckText = { readonly state: PluginState; readonly text: Printable }

/** Worst first. */
const ORDER: readonly PluginState[] = ['critical', 'unknown', 'warning', 'ok']

/** One line of plugin output. @param alone whether a single instance was requested, which shortens perfdata labels */
export function checkLine(overview: Overview, alone: boolean): CheckText {
  const { state, findings } = judge(overview)
  const texts = findings.map(({ text }) => text)
  return {
    state,
    text: pluginLine(
      state,
      texts.join('; '),
      figuresOf(overview).flatMap((each) => perfdataOf(each, alone)),
    ),
  }
}

/** The same as JSON, version 1; see docs/json.md. */
export function checkJson(overview: Overview): CheckText {
  const { state, findings } = judge(overview)
  return { state, text: documentOf(state, findings, figuresOf(overview)) }
}

/** The JSON for a check that failed. @param why the reason */
export function unknownJson(why: string): Printable {
  return documentOf('unknown', [{ state: 'unknown', instance: undefined, text: why }], [])
}

function documentOf(state: PluginState, findings: readonly Finding[], figures: readonly Figures[]): Printable {
  const told = findings.map((each) => ({
    state: each.state.toUpperCase(),
    instance: each.instance ?? null,
    text: each.text,
    detail: each.detail ?? null,
  }))
  return asJson({ version: 1, state: state.toUpperCase(), findings: told, figures })
}

function judge(overview: Overview): { state: PluginState; findings: readonly Finding[] } {
  const nameOf = namesIn(overview)
  const tables = tableNamesIn(overview)
  const found = [...findingsInEc2(overview), ...findingsHere(overview), ...findingsOfDetails(overview)]
  const ordered = ORDER.flatMap((state) => found.filter((each) => each.state === state))
  const findings = ordered.map((each) => ({ ...each, text: named(each.text, nameOf, tables) }))
  return { state: findings[0]?.state ?? 'unknown', findings }
}

/** @param text any text; characters special to the format are replaced */
export function pluginLine(state: PluginState, text: string, perfdata: readonly string[] = []): Printable {
  return renderLine(state, text.replaceAll('|', '/').replace(/\s+/g, ' ').trim(), perfdata)
}

const renderLine = forPeople((state: PluginState, text: string, perfdata: readonly string[]) => {
  const figures = perfdata.length > 0 ? ` | ${perfdata.join(' ')}` : ''
  return `VIP-SWITCH ${state.toUpperCase()} - ${text}${figures}`
})

function findingsInEc2({ troubles, instances }: Overview): Finding[] {
  if (troubles.length === 0) return instances.flatMap(findingsIn)
  const names = instances.map(({ name }) => name).join(', ')
  const hints = new Set(troubles.flatMap(({ hint }) => hint ?? []))
  const ages = instances.flatMap(({ daemon }) => daemon?.readAge ?? [])
  const daemon = ages.length > 0 ? [`the daemon here last read EC2 ${ageText(Math.max(...ages))} ago`] : []
  const why = [...troubles.map(({ message }) => message), ...hints, ...daemon]
  return [{ state: 'unknown', instance: undefined, text: `${names} UNKNOWN: ${why.join('; ')}` }]
}

function findingsIn({ name, condition, reason, problems, doubts, daemon }: InstanceOverview): Finding[] {
  const of = (state: PluginState, text: string): Finding => ({ state, instance: name, text })
  return [
    of(SEVERITIES[condition], `${name} ${condition}: ${reason}`),
    // If the condition is UNKNOWN, it already states them.
    ...(condition === 'UNKNOWN' ? [] : problems.map((text) => of('warning', `${name}: ${text}`))),
    ...doubts.map((doubt) => of('warning', `${name}: ${doubtText(doubt)}`)),
    ...(daemon?.mute ? [of('warning', `${name}: this node is mute: the others cannot see its claim`)] : []),
  ]
}

function findingsHere({ daemon, control }: Overview): Finding[] {
  const warning = (text: string): Finding[] => [{ state: 'warning', instance: undefined, text }]
  switch (daemon.kind) {
    case 'down':
      return warning(`no daemon answers on ${control} (${daemon.reason})`)
    case 'silent':
      return warning(`the daemon does not report its state: ${daemon.reason}`)
    case 'up':
      return daemon.rejected === undefined ? [] : warning(`the daemon keeps its old config: ${daemon.rejected}`)
    case 'none':
      return []
  }
}

function findingsOfDetails({ details, instances }: Overview): Finding[] {
  const of =
    (instance: string | undefined) =>
    ({ kind, message, hint }: Detail): Finding => ({
      state: 'warning',
      instance,
      text: `${instance === undefined ? '' : `${instance}: `}${message}${hint === undefined ? '' : ` (${hint})`}`,
      detail: kind,
    })
  return [...details.map(of(undefined)), ...instances.flatMap((each) => each.details.map(of(each.name)))]
}

type Figures = {
  readonly instance: string
  readonly condition: Condition
  readonly routesInPlace: number
  readonly routes: number
  readonly masters: number
  /** Age of this host's daemon's last read, in seconds. */
  readonly readAge: number | null
}

/** Empty if EC2 cannot be read. */
function figuresOf({ troubles, instances }: Overview): Figures[] {
  if (troubles.length > 0) return []
  return instances.map(({ name, condition, routes, masters, daemon }) => ({
    instance: name,
    condition,
    routesInPlace: routes.filter(({ place }) => place === 'in-place').length,
    routes: routes.length,
    masters,
    readAge: daemon?.readAge === undefined ? null : Math.round(daemon.readAge / 1000),
  }))
}

/** https://www.monitoring-plugins.org/doc/guidelines.html#AEN201: 'label'=value;warn;crit;min;max */
function perfdataOf({ instance, routesInPlace, routes, masters, readAge }: Figures, alone: boolean): string[] {
  const label = (what: string) => {
    // Labels must not contain an equals sign; our names never contain a quote.
    const text = alone ? what : `${instance.replaceAll('=', '_')}.${what}`
    return /^[\w.-]+$/.test(text) ? text : `'${text}'`
  }
  return [
    `${label('routes_in_place')}=${routesInPlace};;;0;${routes}`,
    `${label('masters')}=${masters};;;0`,
    ...(readAge === null ? [] : [`${label('read_age')}=${readAge}s;;;0`]),
  ]
}

/** Output of `vip-switch status`: one screen for an operator woken at night. */
import { doubtText } from '../../core/claim.ts'
import type { Detail } from '../../core/detail.ts'
import { named, namesIn, tableNamesIn } from '../../core/names.ts'
import type { DaemonOverview, InstanceOverview, LastTransition, Overview } from '../../core/overview.ts'
import { nextStepOf, pageHere, pageOf, SEVERITIES, type Step, stepText } from '../../overview/conditions.ts'
import { forPeople, type Printable } from '../../terminal/print.ts'
import { type Style, styleOf } from '../../terminal/style.ts'
import { columnsOf, commandText, widthOf, wrapped } from '../../terminal/table.ts'
import { ageText, agoText, clockText, momentText, shortText } from '../../terminal/time.ts'
import { type Canvas, nodesText, routesText } from './tables.ts'

const PAGE_INDENT = 4
/** An older moment is shown with its date. */
const DAY_MS = 24 * 3_600_000

/** @param width terminal columns */
export function statusText(overview: Overview, width: number = widthOf(process.stdout)): Printable {
  const nameOf = namesIn(overview)
  // From the raw names: a command must name a node exactly.
  const steps = overview.instances.map((instance) => {
    return nextStepOf(instance, instance.intended && nameOf(instance.intended), overview.region)
  })
  return render(overview, steps, width)
}

const render = forPeople((overview: Overview, steps: readonly (Step | undefined)[], width: number) => {
  const canvas = {
    overview,
    width,
    style: styleOf(process.stdout),
    nameOf: namesIn(overview),
    tables: tableNamesIn(overview),
  }
  const blocks = overview.instances.map((instance, index) => instanceText(instance, steps[index], canvas))
  return [headText(canvas), ...blocks].join('\n\n')
})

function headText(canvas: Canvas): string {
  const { overview, width, style, nameOf } = canvas
  const { bold, dim, red, yellow } = style
  const { cluster, region, date, readAge, here, daemon, control, details, troubles, notes } = overview
  const where = here ? `on ${nameOf(here)}${daemon.kind === 'up' ? ', daemon up' : ''}` : ''
  const title = [cluster && bold(cluster), region, momentText(date), where].filter(Boolean).join('  ')
  const lines = [title]
  if (daemon.kind === 'down') {
    lines.push(yellow(`no daemon answers on ${control} (${daemon.reason}): systemctl status vip-switch`))
  }
  if (daemon.kind === 'silent')
    lines.push(yellow(`the daemon on ${control} does not report its state: ${daemon.reason}`))
  if (daemon.kind === 'none') lines.push(dim('outside view: neither keepalived nor the daemon runs here'))
  if (daemon.kind === 'up' && daemon.rejected !== undefined) {
    lines.push(yellow(`the daemon keeps its old config: ${daemon.rejected}`), '→ vip-switch config check')
  }
  lines.push(...details.flatMap((detail) => detailLines(detail, canvas)))
  const unread = [...new Set(troubles.map(({ service = 'EC2' }) => service))].join(' and ')
  const readHere = readAge === undefined ? '' : ` (last read here ${ageText(readAge)} ago)`
  if (unread !== '') lines.push(red(`${unread} cannot be read${readHere}:`))
  for (const { message } of troubles) lines.push(`  ${message}`)
  for (const hint of new Set(troubles.flatMap((each) => each.hint ?? []))) lines.push(`  ${bold('→')} ${hint}`)
  lines.push(...notes.map(yellow))
  return lines.map((line) => wrapped(line, width)).join('\n')
}

function instanceText(instance: InstanceOverview, step: Step | undefined, canvas: Canvas): string {
  const { style } = canvas
  const { bold, green, red, yellow } = style
  const paint = { ok: green, warning: yellow, critical: red, unknown: yellow }[SEVERITIES[instance.condition]]
  const title = `${bold(instance.name)}  ${paint(bold(instance.condition))}`
  const sentences = sentencesOf(instance, step, canvas)
  const blocks = [[title, ...sentences].join('\n'), routesText(instance, canvas), nodesText(instance, canvas)]
  return blocks.filter(Boolean).join('\n\n')
}

/** The detail and its hint. */
function detailLines({ message, hint }: Detail, { style: { bold, yellow }, nameOf, tables }: Canvas): string[] {
  return [yellow(named(message, nameOf, tables)), ...(hint === undefined ? [] : [`${bold('→')} ${hint}`])]
}

function sentencesOf(instance: InstanceOverview, step: Step | undefined, canvas: Canvas): string[] {
  const { overview, width, style, nameOf, tables } = canvas
  const { condition, reason, daemon, pin, problems, doubts, details, lastTransition } = instance
  const { yellow, dim } = style
  const told = daemon?.decision
  const agrees = told?.condition === condition
  // If EC2 cannot be read, the head explains why and what to do.
  const isExplained = overview.troubles.length > 0
  const own = isExplained ? [] : [named(reason, nameOf, tables)]
  const page = pageOf(condition)
  const sentences = [
    ...(told && agrees ? [`the daemon here: ${named(told.reason, nameOf, tables)}`] : own),
    ...(told && !agrees
      ? [`the daemon here saw ${told.condition} at its last read: ${named(told.reason, nameOf, tables)}`]
      : []),
    ...(daemon ? [readText(daemon, style)] : []),
    ...(lastTransition ? [lastTransitionText(lastTransition, canvas)] : []),
    ...(daemon?.mute
      ? [yellow('this node is mute: the others cannot see its claim (is ec2:CreateTags allowed?)')]
      : []),
    ...(pin
      ? [`pinned to ${nameOf(pin.eni)} until ${momentText(pin.until)}, ${ageText(pin.until - overview.date)} from now`]
      : []),
    // If the condition is UNKNOWN, it already states them.
    ...(condition === 'UNKNOWN' ? [] : problems.map(yellow)),
    ...doubts.map((doubt) => yellow(named(doubtText(doubt), nameOf, tables))),
  ]
  return [
    ...sentences.map((text) => wrapped(`  ${text}`, width)),
    ...(step && !isExplained ? [stepLines(step, canvas)] : []),
    ...(page ? [wrapped(dim(`    ${pageHere(page, width - PAGE_INDENT)}`), width)] : []),
    ...details.flatMap((detail) => detailLines(detail, canvas)).map((text) => wrapped(`  ${text}`, width)),
  ]
}

/** `last transition  db-2 MASTER 02:14:07Z, 3 h ago, routes accepted in 38 ms`. */
function lastTransitionText({ eni, state, at, acceptedMs }: LastTransition, { overview, nameOf }: Canvas): string {
  const age = overview.date - at
  const node = eni === null ? [] : [nameOf(eni)]
  const when = [...node, state, age < DAY_MS ? clockText(at) : momentText(at)].join(' ')
  const took = acceptedMs === undefined ? [] : [`routes accepted in ${shortText(acceptedMs)}`]
  return `last transition  ${[when, agoText(age), ...took].join(', ')}`
}

/** How old the daemon's information is. */
function readText({ readAge }: DaemonOverview, { dim, yellow }: Style): string {
  if (readAge === undefined) return yellow('the daemon here has not read EC2 yet')
  return dim(`the daemon here last read EC2 ${ageText(readAge)} ago`)
}

/** On one line, or with the command on separate lines so that it can be copied. */
function stepLines(step: Step, { style, width }: Canvas): string {
  const { advice, command } = step
  const arrow = style.bold('→')
  const line = `  ${arrow} ${stepText(step)}`
  if (command === undefined || columnsOf(line) <= width) return wrapped(line, width)
  return `${wrapped(`  ${arrow} ${advice}:`, width)}\n${commandText(command, width, 6)}`
}

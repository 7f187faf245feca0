/** What `vip-switch status` prints: one screen for a person who was woken. */
import type { InstanceOverview, Overview } from '../core/overview.ts'
import { nextStepOf, pageHere, pageOf, SEVERITIES } from './conditions.ts'
import { named, namesIn } from './names.ts'
import { type Canvas, nodesText, routesText } from './status-tables.ts'
import { styleOf } from './style.ts'
import { widthOf, wrapped } from './table.ts'
import { ageText, momentText } from './time.ts'

const PAGE_INDENT = 4

/** @param width columns of the terminal */
export function statusText(overview: Overview, width: number = widthOf(process.stdout)): string {
  const canvas = { overview, width, style: styleOf(process.stdout), nameOf: namesIn(overview) }
  const blocks = [headText(canvas), ...overview.instances.map((instance) => instanceText(instance, canvas))]
  return blocks.join('\n\n')
}

function headText({ overview, width, style, nameOf }: Canvas): string {
  const { bold, dim, red, yellow } = style
  const { cluster, region, date, here, daemon, control, troubles, notes } = overview
  const where = here ? `on ${nameOf(here)}${daemon.kind === 'up' ? ', its daemon up' : ''}` : ''
  const title = [cluster && bold(cluster), region, momentText(date), where].filter(Boolean).join('  ')
  const lines = [title]
  if (daemon.kind === 'down') {
    lines.push(yellow(`no daemon answers on ${control} (${daemon.reason}): systemctl status vip-switch`))
  }
  if (daemon.kind === 'silent') lines.push(yellow(`the daemon on ${control} does not tell: ${daemon.reason}`))
  if (daemon.kind === 'none') lines.push(dim('seen from outside: neither keepalived nor the daemon runs here'))
  if (daemon.kind === 'up' && daemon.rejected !== undefined) {
    lines.push(yellow(`the daemon goes on with its old config: ${daemon.rejected}`), '→ vip-switch config check')
  }
  const unread = [...new Set(troubles.map(({ service = 'EC2' }) => service))].join(' and ')
  if (unread !== '') lines.push(red(`${unread} cannot be read:`))
  for (const { message } of troubles) lines.push(`  ${message}`)
  for (const hint of new Set(troubles.flatMap((each) => each.hint ?? []))) lines.push(`  ${bold('→')} ${hint}`)
  lines.push(...notes.map(yellow))
  return lines.map((line) => wrapped(line, width)).join('\n')
}

function instanceText(instance: InstanceOverview, canvas: Canvas): string {
  const { width, style } = canvas
  const { bold, green, red, yellow } = style
  const paint = { ok: green, warning: yellow, critical: red, unknown: yellow }[SEVERITIES[instance.condition]]
  const title = `${bold(instance.name)}  ${paint(bold(instance.condition))}`
  const sentences = sentencesOf(instance, canvas).map((text) => wrapped(`  ${text}`, width))
  const blocks = [[title, ...sentences].join('\n'), routesText(instance, canvas), nodesText(instance, canvas)]
  return blocks.filter(Boolean).join('\n\n')
}

function sentencesOf(instance: InstanceOverview, { overview, width, style, nameOf }: Canvas): string[] {
  const { condition, reason, daemon, intended, pin, problems } = instance
  const { bold, yellow, dim } = style
  const told = daemon?.decision
  const agrees = told?.condition === condition
  // Of what cannot be read, the head has said why, and what to do.
  const isExplained = overview.troubles.length > 0
  const own = isExplained ? [] : [named(reason, nameOf)]
  const step = isExplained ? undefined : nextStepOf(instance, intended && nameOf(intended), overview.region)
  const page = pageOf(condition)
  return [
    ...(told && agrees ? [`the daemon here: ${named(told.reason, nameOf)}`] : own),
    ...(told && !agrees ? [`the daemon here, ${told.condition} at its last look: ${named(told.reason, nameOf)}`] : []),
    ...(daemon?.mute
      ? [yellow('this node is mute: the others cannot see what it claims (is ec2:CreateTags allowed?)')]
      : []),
    ...(pin
      ? [`pinned to ${nameOf(pin.eni)} until ${momentText(pin.until)}, ${ageText(pin.until - overview.date)} from now`]
      : []),
    // A condition that is UNKNOWN is so because of them.
    ...(condition === 'UNKNOWN' ? [] : problems.map(yellow)),
    ...(step ? [`${bold('→')} ${step}`] : []),
    ...(page ? [dim(`  ${pageHere(page, width - PAGE_INDENT)}`)] : []),
  ]
}

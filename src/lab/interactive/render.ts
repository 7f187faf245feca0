/** Draws the interactive lab: a view becomes the lines of a screen of any size. Pure. */
import { stripVTControlCharacters } from 'node:util'
import type { Size } from '../../terminal/full-screen.ts'
import type { Style } from '../../terminal/style.ts'
import { columnsOf, shortened, wrapped } from '../../terminal/table.ts'
import { ageText } from '../../terminal/time.ts'
import { type Fault, keysFor } from './keys.ts'
import type { DaemonView, LabView, LogEntry, NodeView, RouteView } from './view.ts'

export type Screen = {
  readonly description: string
  readonly view: LabView
  /** Index of the chosen node. */
  readonly chosen: number
}

const INDENT = 4
/** Rows that the log should have; where it has fewer, blank lines go. */
const LEAST_LOG = 4
/** The part of the rows that the keys may take before only their letters are named. */
const MOST_KEYS = 1 / 4

/** At most `rows` lines, none wider than `columns`. */
export function rendered({ description, view, chosen }: Screen, { columns, rows }: Size, style: Style): string {
  const broken = (text: string, indent = INDENT) => wrapped(text, columns, indent).split('\n')
  const keys = keyLines(view.nodes[chosen], { columns, rows }, style)
  const whole = [
    ...broken(`${style.bold('vip-switch')} ${style.bold('lab')}  ${description}`, 0),
    '',
    ...view.nodes.flatMap((node, index) => [...nodeLines(node, index, index === chosen, style), '']),
    routesLine(view, style),
    '',
  ].flatMap((line) => broken(line))
  const isTight = whole.length + LEAST_LOG + 1 + keys.length > rows
  const foot = isTight ? keys : ['', ...keys]
  const head = (isTight ? whole.filter(Boolean) : whole).slice(0, Math.max(0, rows - foot.length))
  const room = Math.max(0, rows - head.length - foot.length)
  const log = view.log.slice(-rows).flatMap((entry) => broken(logLine(entry, style)))
  const shown = [...log.slice(Math.max(0, log.length - room)), ...Array<string>(room).fill('')].slice(0, room)
  const lines = [...head, ...shown, ...foot].slice(0, rows)
  return lines.map((line) => cut(line, columns)).join('\n')
}

function nodeLines(node: NodeView, index: number, isChosen: boolean, style: Style): string[] {
  const { name, state, priority, claim, daemon } = node
  const faults = [...node.faults].map((fault) => FAULT_TEXTS[fault])
  const marked = isChosen ? `${style.cyan('▸')} ${index + 1}` : `  ${index + 1}`
  const said = state === undefined ? style.red('no keepalived') : `${stateText(state, style)} ${priority}`
  const claims = claim ? `claims ${claim.text}, beat ${ageText(claim.beatAgeMs)} ago` : 'claims nothing'
  return [
    `${marked} ${style.bold(name)}  ${said}  ${claims}`,
    `    daemon ${daemonText(daemon, style)}`,
    ...(faults.length > 0 ? [`    ${style.red('✗')} ${faults.join(', ')}`] : []),
  ]
}

function stateText(state: string, style: Style): string {
  return state === 'MASTER' ? style.bold(style.green(state)) : state
}

function daemonText(daemon: DaemonView, style: Style): string {
  switch (daemon.kind) {
    case 'up':
      return `${conditionText(daemon.condition, style)}: ${daemon.reason}`
    case 'undecided':
      return 'has not read EC2 yet'
    case 'silent':
      return `${style.yellow('silent')}: it does not answer`
    case 'killed':
      return `${style.red('killed')}: hooks act by themselves`
  }
}

const FAULT_TEXTS: Readonly<Record<Fault, string>> = {
  freeze: 'frozen',
  adverts: 'hears no adverts',
  ec2: 'does not reach EC2',
  keepalived: 'keepalived killed',
  daemon: 'daemon killed',
}

function routesLine({ vip, routes }: LabView, style: Style): string {
  const where = ({ table, node, isBlackhole }: RouteView) => {
    const target = node === undefined ? style.red('missing') : style.bold(node)
    return `${table} → ${target}${isBlackhole ? ` ${style.red('(blackhole)')}` : ''}`
  }
  return `${style.bold(vip)}  ${routes.map(where).join('   ')}`
}

function logLine({ at, who, text, condition }: LogEntry, style: Style): string {
  const time = new Date(at).toTimeString().slice(0, 8)
  const shown = condition === undefined ? text : text.replace(condition, conditionText(condition, style))
  return `${style.dim(time)} ${style.cyan(who.padEnd(5))} ${shown}`
}

function conditionText(condition: string, style: Style): string {
  if (condition === 'OK') return style.green(condition)
  return (condition === 'SPLIT-BRAIN' || condition === 'BLACKHOLE' ? style.red : style.yellow)(condition)
}

/** As many keys on a line as fit; on a small screen their letters alone. */
function keyLines(node: NodeView | undefined, { columns, rows }: Size, style: Style): string[] {
  const keys = node ? keysFor(node) : []
  const lines: string[] = []
  for (const [key, text] of keys) {
    const item = `${style.bold(key)} ${text}`
    const joined = lines.length > 0 ? `${lines.at(-1)}   ${item}` : item
    if (lines.length > 0 && columnsOf(joined) <= columns) lines[lines.length - 1] = joined
    else lines.push(item)
  }
  return lines.length <= rows * MOST_KEYS ? lines : [`keys: ${keys.map(([key]) => key).join(' ')}`]
}

/** A line that could not be wrapped loses its colours with its end. */
function cut(line: string, columns: number): string {
  return columnsOf(line) <= columns ? line : shortened(stripVTControlCharacters(line), columns)
}

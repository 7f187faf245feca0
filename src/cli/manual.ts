/** Generates the manual page, vip-switch(1), in mdoc, from the same definitions as --help. */
import type { Command } from 'commander'
import {
  DEFAULT_CONFIG_PATH,
  DEFAULT_CONTROL_PATH,
  DEFAULT_HISTORY_DIRECTORY,
  DEFAULT_STATE_DIRECTORY,
} from '../config/paths.ts'
import { MEANINGS, PLUGIN_EXIT, SIGNAL_EXIT } from '../terminal/exit-code.ts'
import { wrapped } from '../terminal/table.ts'
import { type ArgumentOutline, allCommands, type CommandOutline, type OptionOutline, outlineOf } from './outline.ts'

/** Maximum line length, in bytes. */
const LINE = 78

const FILES: Readonly<Record<string, string>> = {
  [DEFAULT_CONFIG_PATH]: 'the config file',
  [`${DEFAULT_STATE_DIRECTORY}/notify.fifo`]: 'keepalived’s events for the daemon (vrrp_notify_fifo)',
  [`${DEFAULT_STATE_DIRECTORY}/hooks/notify.log`]:
    'the hooks’ log, in JSON lines, since keepalived discards the stderr of scripts. Hooks that run as root log to notify.log in the directory above',
  [DEFAULT_CONTROL_PATH]: 'the daemon’s socket',
  [`${DEFAULT_HISTORY_DIRECTORY}/history.jsonl`]: 'the history, in JSON lines; older files are beside it',
}

const ENVIRONMENT: Readonly<Record<string, string>> = {
  AWS_EC2_METADATA_SERVICE_ENDPOINT: 'overrides the endpoint of the instance metadata service',
  AWS_ENDPOINT_URL: 'overrides the endpoint of EC2 and STS; AWS_ENDPOINT_URL_EC2 only that of EC2',
  AWS_PROFILE: 'the profile for credentials and region, as for any program that uses the AWS SDK',
  AWS_REGION: 'the region, unless set in the config',
  LOG_LEVEL: 'the log level: trace, debug, info (the default), warn, error, fatal or silent',
  MACKEREL_AGENT_PLUGIN_META: 'if 1, metrics prints its graph definitions, as mackerel-agent requests',
  NO_COLOR: 'if set, disables colours',
  RUNTIME_DIRECTORY: `the state directory, set by systemd (default ${DEFAULT_STATE_DIRECTORY})`,
  STATE_DIRECTORY: `where the history is kept, set by systemd (default ${DEFAULT_HISTORY_DIRECTORY})`,
  VIP_SWITCH_CONFIG: `the config file, unless given by --config (default ${DEFAULT_CONFIG_PATH})`,
}

const MORE = [
  'Each VRRP instance in the config has virtual IPs and route tables of a VPC. When keepalived elects this node MASTER of an instance, vip-switch points each virtual IP’s route in each of its tables at this node’s network interface, and a daemon keeps it there. It refuses to replace routes that belong to others, and never touches other destinations.',
  'Results go to stdout, logs to stderr. Without a terminal, it never prompts. Every command accepts --help.',
]

const PLUGIN_CODES = Object.entries(PLUGIN_EXIT)
  .map(([state, code]) => `${code} ${state}`)
  .join(', ')

const SIGNAL_CODES = Object.values(SIGNAL_EXIT).join(' or ')

/** @param date of the page, in milliseconds since the epoch */
export function manualPage(program: Command, date: number): string {
  const outline = outlineOf(program)
  const commands = allCommands(outline).filter(({ path }) => path.length > 0)
  const day = new Date(date).toLocaleDateString('en-US', { dateStyle: 'long', timeZone: 'UTC' })
  const lines = [
    `.Dd ${day}`,
    '.Dt VIP-SWITCH 1',
    `.Os vip-switch ${program.version()}`,
    '.Sh NAME',
    '.Nm vip-switch',
    `.Nd ${uncapitalised(text(outline.description.replace(/\.$/, '')))}`,
    '.Sh SYNOPSIS',
    ...commands.flatMap(synopsis),
    '.Sh DESCRIPTION',
    ...MORE.flatMap((paragraph, index) => [...(index > 0 ? ['.Pp'] : []), ...filled(paragraph)]),
    '.Sh COMMANDS',
    ...commands.flatMap(commandLines),
    '.Sh ENVIRONMENT',
    ...tagged(ENVIRONMENT, 'Ev'),
    '.Sh FILES',
    ...tagged(FILES, 'Pa'),
    '.Sh EXIT STATUS',
    ...tagged(MEANINGS, 'Li'),
    '.Pp',
    ...filled(`The check command uses the exit codes of monitoring plugins: ${PLUGIN_CODES}.`),
    '.Pp',
    ...filled(
      `A switch that is interrupted by SIGINT or SIGTERM before any route is known to have moved exits with ${SIGNAL_CODES}.`,
    ),
    '.Sh EXAMPLES',
    ...literal(exampleLines(outline.notes)),
    '.Sh SEE ALSO',
    '.Xr keepalived.conf 5 ,',
    '.Xr keepalived 8',
  ]
  return `${lines.join('\n')}\n`
}

function synopsis({ path, arguments: given, options }: CommandOutline): string[] {
  const optional = options.some((option) => !isHelp(option)) ? ['Oo Ar options Oc'] : []
  return ['.Nm', [`.Cm ${path.join(' ')}`, ...optional, ...given.map(argumentMacro)].join(' ')]
}

function argumentMacro({ name, isRequired, isVariadic, choices }: ArgumentOutline): string {
  const macro = choices.length > 0 ? choices.map((choice) => `Cm ${choice}`).join(' \\*(Ba ') : `Ar ${name}`
  const whole = isVariadic ? `${macro} ...` : macro
  return isRequired ? whole : `Oo ${whole} Oc`
}

function commandLines({ path, description, arguments: given, options, notes }: CommandOutline): string[] {
  const items = [
    ...given
      .filter((argument) => argument.description)
      .flatMap((argument) => [`.It Ar ${argument.name}`, ...filled(sentence(argument.description))]),
    ...options
      .filter((option) => !isHelp(option))
      .flatMap((option) => [`.It ${optionMacro(option)}`, ...filled(sentence(option.fullDescription))]),
  ]
  return [
    `.Ss ${path.join(' ')}`,
    ...filled(sentence(description)),
    ...(items.length > 0 ? ['.Bl -tag -width Ds', ...items, '.El'] : []),
    ...noteLines(notes),
  ]
}

function optionMacro({ names, value }: OptionOutline): string {
  return names.map((name) => [`Fl ${name.slice(1)}`, ...(value ? [`Ar ${value.name}`] : [])].join(' ')).join(' , ')
}

const isHelp = ({ names }: OptionOutline) => names.includes('--help')

/** Indented lines are literal; the rest is text. */
function noteLines(notes: string): string[] {
  if (!notes) return []
  return notes.split(/\n\n+/).flatMap((paragraph) => {
    const lines = paragraph.split('\n')
    const plain = lines.filter((line) => !line.startsWith('  '))
    const typed = lines.filter((line) => line.startsWith('  '))
    return ['.Pp', ...filled(plain.join(' ')), ...(typed.length > 0 ? literal(typed) : [])]
  })
}

function exampleLines(notes: string): string[] {
  const [, examples = ''] = /^Examples?:\n((?: {2}.*(?:\n|$))+)/m.exec(notes) ?? []
  return examples.trimEnd().split('\n')
}

function literal(lines: readonly string[]): string[] {
  return ['.Bd -literal -offset indent', ...lines.map((line) => line.slice(2)).map(text), '.Ed']
}

function tagged(entries: Readonly<Record<string, string>>, macro: string): string[] {
  const items = Object.entries(entries).flatMap(([name, meaning]) => [
    `.It ${macro} ${text(name)}`,
    ...filled(sentence(meaning)),
  ])
  return ['.Bl -tag -width Ds', ...items, '.El']
}

/** One line per sentence, as roff prefers, and no long lines. */
function filled(paragraph: string): string[] {
  const sentences = paragraph.split(/(?<=[.?!]) +(?=\p{Lu})/u)
  // Do not hyphenate paths and names, so that they can be copied.
  const lines = sentences.map((each) => spelled(each).replace(/(?<=^| )(?=\S*([/_]|[a-z][A-Z]))/g, '\\%'))
  return lines.flatMap((line) => wrapped(line, LINE, 0).split('\n').map(harmless))
}

function sentence(description: string): string {
  const [first = '', ...rest] = description
  return `${first.toUpperCase()}${rest.join('')}${/[.:]$/.test(description) ? '' : '.'}`
}

const uncapitalised = ([first = '', ...rest]: string) => first.toLowerCase() + rest.join('')

/** Escapes plain text for roff: no macros, no escapes, ASCII only. */
const text = (plain: string) => harmless(spelled(plain))

function spelled(plain: string): string {
  return Array.from(plain, (each) => {
    if (each === '\\') return '\\e'
    if (each === '-') return '\\-'
    const code = each.codePointAt(0) ?? 0
    return code > 0x7e ? `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]` : each
  }).join('')
}

const harmless = (line: string) => (/^[.']/.test(line) ? `\\&${line}` : line)

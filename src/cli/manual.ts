/** The manual page, vip-switch(1), in mdoc: made from the same declarations as --help. */
import type { Command } from 'commander'
import { DEFAULT_CONFIG_PATH, DEFAULT_CONTROL_PATH, DEFAULT_STATE_DIRECTORY } from '../config/paths.ts'
import { MEANINGS, PLUGIN_EXIT, SIGNAL_EXIT } from '../terminal/exit-code.ts'
import { wrapped } from '../terminal/table.ts'
import { type ArgumentOutline, allCommands, type CommandOutline, type OptionOutline, outlineOf } from './outline.ts'

/** Bytes. */
const LINE = 78

const FILES: Readonly<Record<string, string>> = {
  [DEFAULT_CONFIG_PATH]: 'the config',
  [`${DEFAULT_STATE_DIRECTORY}/notify.fifo`]: 'where keepalived writes its events for the daemon (vrrp_notify_fifo)',
  [`${DEFAULT_STATE_DIRECTORY}/hooks/notify.log`]:
    'what hooks log, in JSON lines: keepalived gives its scripts no stderr. Hooks that root runs log to notify.log in the directory above',
  [DEFAULT_CONTROL_PATH]: 'the daemon’s socket',
}

const ENVIRONMENT: Readonly<Record<string, string>> = {
  AWS_EC2_METADATA_SERVICE_ENDPOINT: 'another endpoint for the instance metadata service',
  AWS_ENDPOINT_URL: 'another endpoint for EC2 and STS; AWS_ENDPOINT_URL_EC2 is for EC2 alone',
  AWS_PROFILE: 'whose credentials and region are used, as with every program that uses the AWS SDK',
  AWS_REGION: 'the region, where the config names none',
  LOG_LEVEL: 'how much is logged, on stderr: trace, debug, info (the default), warn, error, fatal or silent',
  MACKEREL_AGENT_PLUGIN_META: 'if 1, metrics prints the definitions of its graphs, which mackerel-agent asks for',
  NO_COLOR: 'if set, nothing is coloured',
  RUNTIME_DIRECTORY: `where state is kept, as systemd sets it (default ${DEFAULT_STATE_DIRECTORY})`,
  VIP_SWITCH_CONFIG: `the config file, where --config names none (default ${DEFAULT_CONFIG_PATH})`,
}

const MORE = [
  'Every VRRP instance of the config has virtual IPs and route tables of a VPC. When keepalived elects this node MASTER of it, each virtual IP’s route in each of the tables is pointed at this node’s network interface, and a daemon keeps it there. Routes of others are refused, and no other destination of a table is touched.',
  'Results are on stdout, logs on stderr. Nothing is asked where there is no terminal. Every command takes --help.',
]

const PLUGIN_CODES = Object.entries(PLUGIN_EXIT)
  .map(([state, code]) => `${code} ${state}`)
  .join(', ')

const SIGNAL_CODES = Object.values(SIGNAL_EXIT).join(' or ')

/** @param date when the page was made, in milliseconds since the epoch */
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
    ...filled(`Those of check are a monitoring plugin’s: ${PLUGIN_CODES}.`),
    '.Pp',
    ...filled(
      `A switch that SIGINT or SIGTERM ends before any route is known to have moved exits with ${SIGNAL_CODES}.`,
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

/** Indented lines are as they are to be typed; what is between them is text. */
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

/** A line for each sentence, as roff wants it, and no long ones. */
function filled(paragraph: string): string[] {
  const sentences = paragraph.split(/(?<=[.?!]) +(?=\p{Lu})/u)
  // Paths and names are not hyphenated: they are to be copied.
  const lines = sentences.map((each) => spelled(each).replace(/(?<=^| )(?=\S*([/_]|[a-z][A-Z]))/g, '\\%'))
  return lines.flatMap((line) => wrapped(line, LINE, 0).split('\n').map(harmless))
}

function sentence(description: string): string {
  const [first = '', ...rest] = description
  return `${first.toUpperCase()}${rest.join('')}${/[.:]$/.test(description) ? '' : '.'}`
}

const uncapitalised = ([first = '', ...rest]: string) => first.toLowerCase() + rest.join('')

/** Plain text in roff's spelling: no macro, no escape, and ASCII alone. */
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

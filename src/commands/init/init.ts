/** `vip-switch init`: creates the config, the keepalived.conf snippet and the IAM policy for a new node. */
import { join, resolve } from 'node:path'
import { keepalivedSnippet, leftOutText } from '../../adapters/keepalived/snippet.ts'
import { callContextFor } from '../../agent/node/route-port.ts'
import { draftText } from '../../config/draft.ts'
import { parseConfig } from '../../config/load.ts'
import { assertNew, createFiles } from '../../config/new-files.ts'
import { DEFAULT_CONFIG_PATH } from '../../config/paths.ts'
import type { Config } from '../../config/schema.ts'
import { both, type CommandLine, commandLine, literally, pathWord, vipSwitch } from '../../core/command-line.ts'
import { refusalOf } from '../../core/route.ts'
import { destinationText } from '../../core/vip.ts'
import { Failure } from '../../platform/errors.ts'
import { openDialogue } from '../../terminal/ask.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { type LogFormat, openLog } from '../../terminal/log.ts'
import { type Printable, print } from '../../terminal/print.ts'
import { countText } from '../../terminal/table.ts'
import { policiesOf } from '../iam-policy/policy.ts'
import { assertOneFamily, programPath } from '../keepalived-config/keepalived-config.ts'
import { type Answers, collectAnswers, type InitFlags, type Person } from './answers.ts'
import { choicesText, initJson, madeText, notesText } from './output.ts'
import { lookAround, type Surroundings } from './surroundings.ts'
import { usersText } from './words.ts'

export type InitOptions = InitFlags & {
  virtualRouterId: number
  assumeRole?: string
  region?: string
  logFormat?: LogFormat
  directory: string
  json?: true
}

const LOOK_DEADLINE_MS = 10_000
const CONFIG = 'config.yaml'
const SNIPPET = 'keepalived.conf'
const POLICY = 'iam-policy.json'
const OWNERS_POLICY = 'iam-policy-route-owner.json'

/** @throws Failure of kind `usage` or `refused`, before anything is written */
export async function init(options: InitOptions): Promise<ExitCode> {
  const names = [CONFIG, SNIPPET, POLICY, ...(options.assumeRole === undefined ? [] : [OWNERS_POLICY])]
  // Before any question.
  assertNew(options.directory, names)
  const surroundings = await lookAround(
    { interface: options.interface, assumeRole: options.assumeRole, region: options.region },
    callContextFor(LOOK_DEADLINE_MS, openLog(options.logFormat)),
  )
  const answers = await answersOf(options, surroundings)
  assertOneFamily([answers.source, ...answers.peers])
  const config = draftText({ ...answers, interface: surroundings.chosen, assumeRole: options.assumeRole })
  const parsed = parseConfig(config)
  if (Array.isArray(parsed)) {
    throw new Failure('usage', parsed.map(({ message }) => message).join('; '))
  }
  const snippet = keepalivedSnippet({
    program: programPath(),
    fifo: parsed.keepalived.fifo,
    routerId: options.virtualRouterId,
    instances: [{ ...answers, name: answers.instance, members: [] }],
  })
  const policies = policiesOf(parsed, { region: surroundings.ec2?.region, account: surroundings.own?.account })
  const texts = [
    config,
    snippet.text,
    json(policies.instance),
    ...(policies.routeOwner ? [json(policies.routeOwner)] : []),
  ]
  createFiles(options.directory, new Map(names.map((name, index) => [name, texts[index] ?? ''])))

  const notes = [
    ...surroundings.problems.map((problem) => `not checked: ${problem}`),
    ...snippet.leftOut.map(leftOutText),
    ...foreignRoutes(answers, parsed),
  ]
  const files = names.map((name) => ({ path: join(options.directory, name), what: whatIsIn(name, answers) }))
  if (options.json) print(initJson(files, notes))
  else {
    if (notes.length > 0) print(notesText(notes), process.stderr)
    print(madeText(files, nextSteps(answers, options)))
  }
  return EXIT.done
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** Prompts on a terminal. */
async function answersOf(options: InitOptions, surroundings: Surroundings): Promise<Answers> {
  if (!process.stdin.isTTY) return collectAnswers(options, surroundings, undefined)
  const show = (text: Printable) => print(text, process.stderr)
  const dialogue = openDialogue()
  const person: Person = { dialogue, show }
  try {
    for (const problem of surroundings.problems) show(notesText([problem]))
    const { own, tables = [] } = surroundings
    if (options.routeTable.length === 0 && tables.length > 0) {
      const where = own?.vpc === undefined ? 'this region' : own.vpc
      show(
        choicesText(
          `Route tables of ${where}`,
          tables.map((table) => [table.id, table.name ?? '', usersText(table)]),
        ),
      )
    }
    return await collectAnswers(options, surroundings, person)
  } finally {
    dialogue.close()
  }
}

function whatIsIn(name: string, { instance, vips, tables, source, priority, peers }: Answers): string {
  switch (name) {
    case CONFIG: {
      const where = tables.length > 0 ? countText(tables.length, 'route table') : 'its route tables'
      return `${instance}: ${vips.map(destinationText).join(', ')} in ${where}; the same on every node`
    }
    case SNIPPET:
      return `${source.text}, priority ${priority}, with ${peers.map(({ text }) => text).join(', ')}`
    case POLICY:
      return 'the permissions of the instances’ role'
    default:
      return 'the permissions of the role that owns the route tables'
  }
}

/** Foreign routes to our VIPs. */
function foreignRoutes({ tables, instance, vips }: Answers, { instances }: Config): string[] {
  const { createMissing = true, takeOver = [] } = instances[instance] ?? {}
  return tables.flatMap((table) =>
    vips.flatMap((vip) => {
      const reason = refusalOf(table, vip, { createMissing, takeOver })
      return reason === undefined ? [] : [`${destinationText(vip)} in ${table.name ?? table.id}: ${reason}`]
    }),
  )
}

function nextSteps(
  { instance, source, peers }: Answers,
  { directory, assumeRole }: InitOptions,
): (readonly [command: CommandLine, purpose: string])[] {
  const path = (name: string) => pathWord(join(directory, name))
  const config = path(CONFIG) === DEFAULT_CONFIG_PATH ? [] : ['--config', path(CONFIG)]
  const others = peers.length > 1 ? ['--peer', '…'] : []
  return [
    [putPolicy(path(POLICY)), 'once, for the instances’ role'],
    ...(assumeRole === undefined ? [] : [[putPolicy(path(OWNERS_POLICY)), `once, for ${assumeRole}`] as const]),
    [
      commandLine('sudo', 'cp', path(SNIPPET), '/etc/keepalived/keepalived.conf'),
      'keepalived’s config; an existing one can include the snippet instead',
    ],
    [
      vipSwitch('keepalived-config', instance, '--priority', '…', '--peer', source.text, ...others, ...config),
      `on ${peers.length > 1 ? 'every other' : 'the other'} node, with the same ${CONFIG}: its keepalived.conf snippet`,
    ],
    [
      literally('sudo useradd --system --shell /usr/sbin/nologin keepalived_script'),
      'on each node: the user that runs the hooks',
    ],
    [
      literally('sudo cp "$(npm root --global)"/vip-switch/systemd/*.service /etc/systemd/system/'),
      'on each node: the daemon’s unit',
    ],
    [
      both(
        commandLine('sudo', 'systemctl', 'enable', '--now', `vip-switch-preflight@${unitName(instance)}`, 'vip-switch'),
        literally('sudo systemctl restart keepalived'),
      ),
      'on each node: now and at every boot',
    ],
    [commandLine('vip-switch', 'doctor', ...config), 'checks for anything still missing'],
  ]
}

function putPolicy(path: string): CommandLine {
  const policy = ['--policy-name', 'vip-switch', '--policy-document', `file://${resolve(path)}`]
  return commandLine('aws', 'iam', 'put-role-policy', '--role-name', '…', ...policy)
}

/** Escapes a name for use in a unit name, as systemd-escape(1) does. */
function unitName(instance: string): string {
  return instance.replace(/^\.|[^\w:./]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16)}`).replaceAll('/', '-')
}

/** What `vip-switch init` is going to create: for the first node from answers, for another from the first one's config. */
import type { SnippetInstance } from '../../adapters/keepalived/snippet.ts'
import { callContextFor } from '../../agent/node/route-port.ts'
import { draftText } from '../../config/draft.ts'
import { readConfig } from '../../config/file.ts'
import { loadConfig, parseConfig } from '../../config/load.ts'
import type { Config } from '../../config/schema.ts'
import { refusalOf } from '../../core/route.ts'
import { destinationText } from '../../core/vip.ts'
import { Failure } from '../../platform/errors.ts'
import { openDialogue } from '../../terminal/ask.ts'
import { type LogFormat, openLog } from '../../terminal/log.ts'
import { type Printable, print } from '../../terminal/print.ts'
import { lookUpAddresses } from '../keepalived-config/vrrp-addresses.ts'
import { type Answers, collectAnswers, type InitFlags, ownAddressFor, type Person, peersOf } from './answers.ts'
import { choicesText, notesText } from './output.ts'
import type { Surroundings } from './surroundings.ts'
import { addressOf, priorityOf, usersText } from './words.ts'

export type InitOptions = InitFlags & {
  virtualRouterId: number
  assumeRole?: string
  region?: string
  logFormat?: LogFormat
  directory: string
  /** The config of another node, to be this one's, too. */
  join?: string
  yes?: true
  json?: true
}

export type Plan = {
  /** The config file, and what it says. */
  readonly text: string
  readonly config: Config
  readonly instances: readonly SnippetInstance[]
  readonly notes: readonly string[]
}

const LOOK_UP_DEADLINE_MS = 10_000
/** Below the 150 that the examples give the first node. */
const PRIORITY_OF_OTHERS = 100

/** Asks on a terminal, unless told not to. @throws as collectAnswers */
export async function planFirst(options: InitOptions, surroundings: Surroundings): Promise<Plan> {
  const answers = await answersOf(options, surroundings)
  const text = draftText({ ...answers, interface: surroundings.chosen, assumeRole: options.assumeRole })
  const config = parseConfig(text)
  if (Array.isArray(config)) {
    throw new Failure('usage', config.map(({ message }) => message).join('; '))
  }
  const instances = [{ ...answers, name: answers.instance, members: [] }]
  return { text, config, instances, notes: foreignRoutes(answers, config) }
}

/**
 * Takes the config as it is, and finds out the rest. The peers are those whose claims EC2 has, unless flags name them.
 * @throws Failure of kind `config` for a bad config, or `usage` naming the flags without which it cannot be done
 */
export async function planJoin(path: string, options: InitOptions, surroundings: Surroundings): Promise<Plan> {
  const config = loadConfig(path)
  const { own } = surroundings
  const peers = await peersOf(options.peer, surroundings, own?.vpc === undefined ? [] : [own.vpc])
  const ownAddress = options.source ?? ownAddressFor(peers[0], own)
  const source = ownAddress === undefined ? undefined : addressOf(ownAddress)
  const names = Object.keys(config.instances)
  const given = { interface: options.interface ?? own?.name, source, peers }
  const found = await lookUpAddresses(
    config,
    names,
    given,
    callContextFor(LOOK_UP_DEADLINE_MS, openLog(options.logFormat)),
  )
  const missing = [
    ...(found.interface === undefined ? ['--interface'] : []),
    ...(found.source === undefined ? ['--source'] : []),
    ...(names.some((name) => (found.peers.get(name) ?? []).length === 0) ? ['--peer'] : []),
  ]
  if (missing.length > 0) {
    const why = found.ownProblem ?? found.peersProblem
    throw new Failure('usage', `missing: ${missing.join(', ')}${why === undefined ? '' : ` (${why})`}`, {
      hint: 'see vip-switch init --help',
    })
  }
  const priority = options.priority === undefined ? PRIORITY_OF_OTHERS : priorityOf(options.priority)
  const instances = Object.entries(config.instances).map(([name, { vips }]) => ({
    ...{ name, vips, members: [], interface: found.interface, source: found.source, priority },
    peers: found.peers.get(name) ?? [],
  }))
  return { text: readConfig(path), config, instances, notes: [] }
}

async function answersOf(options: InitOptions, surroundings: Surroundings): Promise<Answers> {
  if (options.yes || !process.stdin.isTTY) return collectAnswers(options, surroundings, undefined)
  const show = (text: Printable) => print(text, process.stderr)
  const dialogue = openDialogue()
  const person: Person = { dialogue, show }
  try {
    for (const problem of surroundings.problems) show(notesText([problem]))
    const { own, tables = [] } = surroundings
    if (options.routeTable.length === 0 && tables.length > 0) {
      const where = own?.vpc === undefined ? 'this region' : own.vpc
      const rows = tables.map((table) => [table.id, table.name ?? '', usersText(table)])
      show(choicesText(`Route tables of ${where}`, rows))
    }
    return await collectAnswers(options, surroundings, person)
  } finally {
    dialogue.close()
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

/** The input of `vip-switch init`: from flags, else detected, else asked for. */

import { matches } from '../../adapters/ec2/operations/tables.ts'
import type { VpcTable } from '../../adapters/ec2/operations/vpc.ts'
import type { Draft } from '../../config/draft.ts'
import {
  CLUSTER_NAME,
  CLUSTER_NAME_FORM,
  INSTANCE_NAME,
  INSTANCE_NAME_FORM,
  INTERFACE_NAME,
} from '../../config/schema.ts'
import type { Address, Destination } from '../../core/vip.ts'
import { deadline } from '../../platform/clock.ts'
import { Failure, messageOf } from '../../platform/errors.ts'
import type { Dialogue } from '../../terminal/ask.ts'
import type { Printable } from '../../terminal/print.ts'
import { complaintText, questionText } from './output.ts'
import { addressOfNode, type Surroundings } from './surroundings.ts'
import { addressOf, matching, only, priorityOf, selectorsOf, vipOf } from './words.ts'

export type InitFlags = {
  cluster?: string
  vrrpInstance?: string
  routeTable: string[]
  vip: string[]
  peer: string[]
  priority?: string
  interface?: string
  source?: string
}

export type Answers = {
  readonly cluster: string
  readonly instance: string
  readonly routeTables: Draft['routeTables']
  /** The selected tables, if they could be read. */
  readonly tables: readonly VpcTable[]
  readonly vips: readonly Destination[]
  readonly peers: readonly Address[]
  readonly priority: number
  readonly interface: string
  readonly source: Address
}

type Question<Value> = {
  readonly text: string
  /** Known values; if empty, the question is asked. */
  readonly given: readonly string[]
  /** The meaning of an empty answer, if it has one. */
  readonly byDefault?: readonly string[]
  /** @throws Failure stating what is allowed */
  readonly parse: (items: readonly string[]) => Value | Promise<Value>
}

/** The user's dialogue, and how to show them things. */
export type Person = { readonly dialogue: Dialogue; readonly show: (text: Printable) => void }

const LOOK_UP_DEADLINE_MS = 10_000
const DEFAULT_INSTANCE = 'VI_1'

/**
 * Collects every answer.
 * @param person undefined if nobody can be asked
 * @throws Failure of kind `usage` naming missing or invalid flags; `refused` if the user quits or a VIP is inside the
 * VPC
 */
export async function collectAnswers(
  flags: InitFlags,
  surroundings: Surroundings,
  person: Person | undefined,
): Promise<Answers> {
  const { own, ranges } = surroundings
  const name = flags.interface ?? own?.name
  if (!person) assertAnswered(flags, name, flags.source ?? ownAddressFor(undefined, own))
  const ask = <Value>(question: Question<Value>) => answerTo(question, person)

  const cluster = await ask({
    text: 'Name of the cluster, the same on all its nodes',
    given: listOf(flags.cluster),
    parse: only(matching(CLUSTER_NAME, CLUSTER_NAME_FORM)),
  })
  const instance = await ask({
    text: 'Name of the VRRP instance',
    given: listOf(flags.vrrpInstance ?? (person ? undefined : DEFAULT_INSTANCE)),
    byDefault: [DEFAULT_INSTANCE],
    parse: only(matching(INSTANCE_NAME, INSTANCE_NAME_FORM)),
  })
  const routeTables = await ask({
    text: 'Route tables: numbers from this list, ids, Names, or tags (key=value)',
    given: flags.routeTable,
    byDefault: own?.vpc !== undefined && surroundings.tables ? ['all'] : [],
    parse: (items) => selectorsOf(items, surroundings.tables),
  })
  const tables = (surroundings.tables ?? []).filter((table) =>
    routeTables.some(({ selector }) => matches(selector, table, undefined)),
  )
  const inVpc = [...ranges, ...tables.flatMap(({ routes }) => routes).flatMap(localRange)]
  const vpcs = [...new Set(tables.map(({ vpc }) => vpc))]
  const vips = await ask({
    text: 'VIPs: addresses outside the VPC, CIDRs, or prefix lists',
    given: flags.vip,
    parse: (items) => items.map((item) => vipOf(item, inVpc)),
  })
  const peers = await ask({
    text: 'Other nodes: addresses, Names or ids',
    given: flags.peer,
    parse: (items) => peersOf(items, surroundings, vpcs),
  })
  const priority = await ask({
    text: 'VRRP priority of this node: 1 to 254, the highest becomes MASTER',
    given: listOf(flags.priority),
    parse: only(priorityOf),
  })
  const ownAddress = flags.source ?? ownAddressFor(peers[0], own)
  return {
    ...{ cluster, instance, routeTables, tables, vips, peers, priority },
    interface: await ask({
      text: 'Network interface of this node',
      given: listOf(name),
      parse: only(matching(INTERFACE_NAME, 'a network interface, such as eth0')),
    }),
    source: await ask({ text: 'Address of this node', given: listOf(ownAddress), parse: only(addressOf) }),
  }
}

/** The addresses of other nodes, which may be named. @throws Failure of kind `usage` */
export async function peersOf(
  items: readonly string[],
  { own, ec2 }: Surroundings,
  vpcs: readonly string[],
): Promise<readonly Address[]> {
  const signal = deadline(LOOK_UP_DEADLINE_MS)
  const peers = await Promise.all(items.map((item) => addressOfNode(item, ec2, vpcs, signal)))
  const self = peers.find(({ text }) => own?.ipv4.includes(text) || own?.ipv6.includes(text))
  if (self) throw new Failure('usage', `${self.text} is this node itself; give the other nodes`)
  return peers
}

/** This node's address of the same family as a peer's; without a peer, its primary one. */
export function ownAddressFor(peer: Address | undefined, own: Surroundings['own']): string | undefined {
  if (peer?.kind === 'ipv6') return own?.ipv6[0]
  return own?.ipv4[0] ?? (peer ? undefined : own?.ipv6[0])
}

function localRange({ target, destination }: VpcTable['routes'][number]): Destination[] {
  return target.kind === 'local' ? [destination] : []
}

const listOf = (value: string | undefined) => (value === undefined ? [] : [value])

function assertAnswered(flags: InitFlags, name: string | undefined, address: string | undefined): void {
  const answers: Record<string, string | readonly string[] | undefined> = {
    '--cluster': flags.cluster,
    '--route-table': flags.routeTable,
    '--vip': flags.vip,
    '--peer': flags.peer,
    '--priority': flags.priority,
    '--interface': name,
    '--source': address,
  }
  const missing = Object.entries(answers).flatMap(([flag, answer]) => (answer?.length ? [] : [flag]))
  if (missing.length === 0) return
  throw new Failure('usage', `nobody can be asked (no terminal, or --yes); missing: ${missing.join(', ')}`, {
    hint: 'see vip-switch init --help',
  })
}

/** Asks until the answer is valid. */
async function answerTo<Value>(
  { text, given, byDefault = [], parse }: Question<Value>,
  person: Person | undefined,
): Promise<Value> {
  if (given.length > 0 || !person) return parse(given)
  for (;;) {
    const typed = await person.dialogue.ask(questionText(text, byDefault))
    if (typed === undefined)
      throw new Failure('refused', 'input ended before all questions were answered; nothing was written')
    const items = typed.split(',').flatMap((item) => item.trim() || [])
    const answer = items.length > 0 ? items : byDefault
    const parsed = answer.length > 0 ? await parseOrComplain(answer, parse, person) : undefined
    if (parsed) return parsed.value
  }
}

/** Returns undefined after showing what is wrong. */
async function parseOrComplain<Value>(
  items: readonly string[],
  parse: Question<Value>['parse'],
  { show }: Person,
): Promise<{ value: Value } | undefined> {
  try {
    return { value: await parse(items) }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    show(complaintText(messageOf(error)))
    return undefined
  }
}

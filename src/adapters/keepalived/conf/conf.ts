/**
 * The VRRP settings in keepalived.conf, and whom keepalived notifies. Which of several entries with the same keyword counts
 * is as in keepalived 2.2 to 2.4 (vrrp_parser.c and global_parser.c): names, scripts and FIFOs are kept from the first,
 * lists of addresses accumulate, and the last of anything else counts.
 */
import { type Address, parseAddress } from '../../../core/vip.ts'
import { compareVersions } from '../version.ts'
import { blocksOf, type Entry } from './blocks.ts'
import { type Reader, readConfLines } from './lines.ts'
import { scriptWordsOf } from './words.ts'

/** A script that keepalived runs, with its arguments. */
export type Script = {
  readonly command: readonly string[]
  /** The user to run it as; default: script_user. */
  readonly user: string | undefined
}

const OF_BOTH = ['notify', 'notify_master', 'notify_backup', 'notify_fault', 'notify_stop'] as const
const OF_INSTANCES = [...OF_BOTH, 'notify_deleted', 'notify_master_rx_lower_pri'] as const

export type NotifyKeyword = (typeof OF_INSTANCES)[number]

/** What vrrp_instance and vrrp_sync_group have in common. */
type Announced = {
  readonly name: string
  /** keepalived appends the event's words to that of `notify`, and to no other. */
  readonly scripts: ReadonlyMap<NotifyKeyword, Script>
  /** Whether priority changes are sent to a FIFO; default: the global setting. */
  readonly priorityChanges: boolean | undefined
}

export type VrrpInstance = Announced & {
  readonly interface: string | undefined
  readonly priority: number
  /** unicast_src_ip or mcast_src_ip */
  readonly source: string | undefined
  /** unicast_peer */
  readonly peers: readonly string[]
  /** From virtual_ipaddress and virtual_ipaddress_excluded, without prefix lengths. */
  readonly addresses: readonly string[]
  /** Default: the global setting. */
  readonly strict: boolean | undefined
}

export type SyncGroup = Announced & { readonly members: readonly string[] }

export type NotifyFifo = {
  readonly keyword: 'vrrp_notify_fifo' | 'notify_fifo'
  readonly path: string
  /** Paths in later entries, which keepalived ignores. */
  readonly ignored: readonly string[]
  /** Started by keepalived to read it. */
  readonly script: Script | undefined
}

export type KeepalivedConf = {
  readonly path: string
  readonly instances: ReadonlyMap<string, VrrpInstance>
  readonly groups: ReadonlyMap<string, SyncGroup>
  /** Each receives VRRP events. */
  readonly fifos: readonly NotifyFifo[]
  readonly statesOnReload: boolean
  readonly priorityChanges: boolean
  readonly scriptUser: string | undefined
  readonly strict: boolean
  /** What could not be read or parsed; settings that seem to be missing may be in there. */
  readonly doubts: readonly string[]
}

/** vrrp.h, VRRP_PRIO_DFL */
const DEFAULT_PRIORITY = 100

/** @throws Failure if the file cannot be read */
export function readKeepalivedConf(path: string, reader: Reader): KeepalivedConf {
  const { entries, doubts } = blocksOf(readConfLines(path, reader))
  const globals = all(entries, 'global_defs').flatMap((block) => block.entries)
  const instances = firstOfEach(all(entries, 'vrrp_instance')).map(instanceOf)
  return {
    path,
    instances: byName(instances),
    groups: byName(groupsOf(firstOfEach(all(entries, 'vrrp_sync_group')), instances, reader.version)),
    fifos: [...fifoOf(globals, 'vrrp_notify_fifo'), ...fifoOf(globals, 'notify_fifo')],
    statesOnReload: all(globals, 'fifo_write_vrrp_states_on_reload').length > 0,
    priorityChanges: flag(globals, 'vrrp_notify_priority_changes') ?? false,
    scriptUser: valuesOf(globals, 'script_user').at(-1),
    strict: isStrict(globals, reader.version),
    doubts,
  }
}

/** Before 2.3, vrrp_strict takes no value: `vrrp_strict off` is on, too. */
function isStrict(globals: readonly Entry[], version: readonly number[] | undefined): boolean {
  const takesValue = version === undefined || compareVersions(version, [2, 3]) >= 0
  return takesValue ? (flag(globals, 'vrrp_strict') ?? false) : all(globals, 'vrrp_strict').length > 0
}

function fifoOf(globals: readonly Entry[], keyword: NotifyFifo['keyword']): NotifyFifo[] {
  const [path, ...ignored] = valuesOf(globals, keyword)
  return path === undefined ? [] : [{ keyword, path, ignored, script: script(globals, `${keyword}_script`) }]
}

/** A second block of the same name is skipped, and so is one without a name or with more than that. */
function firstOfEach(blocks: readonly Entry[]): Entry[] {
  const named = blocks.filter(({ words }) => words.length === 1)
  return named.filter(({ words }, index) => index === named.findIndex((each) => each.words[0] === words[0]))
}

function instanceOf(block: Entry): VrrpInstance {
  const { entries } = block
  return {
    ...announced(block, OF_INSTANCES),
    ...addressesOf(entries),
    interface: valuesOf(entries, 'interface').at(-1),
    priority: priorityOf(entries),
    strict: flag(entries, 'strict_mode'),
  }
}

/** The family of the first address counts; keepalived skips addresses of the other one, except excluded ones. */
function addressesOf(entries: readonly Entry[]): Pick<VrrpInstance, 'source' | 'peers' | 'addresses'> {
  let family: Address['kind'] | undefined
  let source: string | undefined
  const peers: string[] = []
  const addresses: string[] = []
  function ofFamily(text: string | undefined): string[] {
    const address = parseAddress(text?.split('/', 1)[0] ?? '')
    if (!address) return []
    family ??= address.kind
    return family === address.kind ? [address.text] : []
  }
  for (const { keyword, words, entries: list } of entries) {
    // One per line, with options.
    const listed = list.map((entry) => entry.keyword)
    if (keyword === 'native_ipv6') family ??= 'ipv6'
    else if (keyword === 'unicast_src_ip' || keyword === 'mcast_src_ip') source = ofFamily(words[0])[0]
    else if (keyword === 'unicast_peer') peers.push(...listed.flatMap(ofFamily))
    else if (keyword === 'virtual_ipaddress') addresses.push(...listed.flatMap(ofFamily))
    else if (keyword === 'virtual_ipaddress_excluded')
      addresses.push(...listed.flatMap((text) => parseAddress(text.split('/', 1)[0] ?? '')?.text ?? []))
  }
  return { source, peers, addresses }
}

function priorityOf(entries: readonly Entry[]): number {
  const priority = Number(valuesOf(entries, 'priority').at(-1) ?? Number.NaN)
  return Number.isInteger(priority) && priority >= 1 && priority <= 255 ? priority : DEFAULT_PRIORITY
}

/**
 * An instance belongs to the first group that names it; a group without instances is removed (vrrp_sync.c). A second list
 * of members ends the block where it stands, and since 2.2.8 the whole group is lost.
 */
function groupsOf(
  blocks: readonly Entry[],
  instances: readonly VrrpInstance[],
  version: readonly number[] | undefined,
): SyncGroup[] {
  const isLost = version === undefined || compareVersions(version, [2, 2, 8]) >= 0
  const free = new Set(instances.map(({ name }) => name))
  const groups = blocks.flatMap((block) => {
    const [list, second] = all(block.entries, 'group').filter(({ entries }) => entries.length > 0)
    if (second && isLost) return []
    const counted = second ? block.entries.slice(0, block.entries.indexOf(second)) : block.entries
    const named = list?.entries.flatMap((entry) => [entry.keyword, ...entry.words]) ?? []
    return [
      { ...announced({ ...block, entries: counted }, OF_BOTH), members: named.filter((name) => free.delete(name)) },
    ]
  })
  return groups.filter(({ members }) => members.length > 0)
}

function announced({ words: [name = ''], entries }: Entry, keywords: readonly NotifyKeyword[]): Announced {
  const scripts = keywords.flatMap((keyword) => {
    const found = script(entries, keyword)
    return found ? [[keyword, found] as const] : []
  })
  return { name, scripts: new Map(scripts), priorityChanges: flag(entries, 'notify_priority_changes') }
}

function all(entries: readonly Entry[], keyword: string): Entry[] {
  return entries.filter((entry) => entry.keyword === keyword)
}

/** The first word after the keyword, of all entries that have one. */
function valuesOf(entries: readonly Entry[], keyword: string): string[] {
  return all(entries, keyword).flatMap(({ words }) => words[0] ?? [])
}

/** on, true and yes, or off, false and no; the keyword alone means on, and anything else is ignored. */
function flag(entries: readonly Entry[], keyword: string): boolean | undefined {
  const values = all(entries, keyword).flatMap(({ words: [value = 'on'] }) => {
    if (['on', 'true', 'yes'].includes(value)) return true
    return ['off', 'false', 'no'].includes(value) ? false : []
  })
  return values.at(-1)
}

/** `notify "COMMAND ARGUMENT…" [USER [GROUP]]`, the first that can be parsed. */
function script(entries: readonly Entry[], keyword: string): Script | undefined {
  const scripts = all(entries, keyword).flatMap(({ text }) => {
    const [, line, user] = scriptWordsOf(text) ?? []
    const command = scriptWordsOf(line ?? '') ?? []
    return command.length > 0 ? [{ command, user }] : []
  })
  return scripts[0]
}

function byName<Value extends { readonly name: string }>(values: readonly Value[]): ReadonlyMap<string, Value> {
  return new Map(values.map((value) => [value.name, value]))
}

/** The VRRP settings in keepalived.conf, and whom keepalived notifies. */
import { parseAddress } from '../../../core/vip.ts'
import { blocksOf, type Entry } from './blocks.ts'
import { readConfLines } from './lines.ts'
import { wordsOf } from './words.ts'

/** A script that keepalived runs, with its arguments. */
export type Script = {
  readonly command: readonly string[]
  /** The user to run it as; default: script_user. */
  readonly user: string | undefined
}

/** What vrrp_instance and vrrp_sync_group have in common. */
type Announced = {
  readonly name: string
  /** The script for every state change. */
  readonly notify: Script | undefined
  /** Whether priority changes are sent to a FIFO; default: the global setting. */
  readonly priorityChanges: boolean | undefined
}

export type VrrpInstance = Announced & {
  /** notify_master_rx_lower_pri */
  readonly onLowerPriority: Script | undefined
  readonly interface: string | undefined
  readonly priority: number | undefined
  /** unicast_src_ip */
  readonly source: string | undefined
  /** unicast_peer */
  readonly peers: readonly string[]
  /** From virtual_ipaddress and virtual_ipaddress_excluded, without prefix lengths. */
  readonly addresses: readonly string[]
  /** Default: the global setting. */
  readonly strict: boolean | undefined
}

export type SyncGroup = Announced & { readonly members: readonly string[] }

export type KeepalivedConf = {
  readonly path: string
  readonly instances: ReadonlyMap<string, VrrpInstance>
  readonly groups: ReadonlyMap<string, SyncGroup>
  /** vrrp_notify_fifo and notify_fifo; both receive VRRP events. */
  readonly fifos: readonly string[]
  readonly statesOnReload: boolean
  readonly priorityChanges: boolean
  readonly scriptUser: string | undefined
  readonly strict: boolean
  /** What could not be read or parsed; settings that seem to be missing may be in there. */
  readonly doubts: readonly string[]
}

/**
 * @param configId keepalived's `--config-id`
 * @throws Failure if the file cannot be read
 */
export function readKeepalivedConf(path: string, configId: string): KeepalivedConf {
  const { entries, doubts } = blocksOf(readConfLines(path, configId))
  const globals = all(entries, 'global_defs').flatMap((block) => block.entries)
  const instances = all(entries, 'vrrp_instance').map(instanceOf)
  const groups = all(entries, 'vrrp_sync_group').map(groupOf)
  return {
    path,
    instances: new Map(instances.map((instance) => [instance.name, instance])),
    groups: new Map(groups.map((group) => [group.name, group])),
    fifos: ['vrrp_notify_fifo', 'notify_fifo'].flatMap((keyword) => value(globals, keyword) ?? []),
    statesOnReload: all(globals, 'fifo_write_vrrp_states_on_reload').length > 0,
    priorityChanges: flag(globals, 'vrrp_notify_priority_changes') ?? false,
    scriptUser: value(globals, 'script_user'),
    strict: flag(globals, 'vrrp_strict') ?? false,
    doubts,
  }
}

function instanceOf(block: Entry): VrrpInstance {
  const { entries } = block
  const priority = Number(value(entries, 'priority'))
  const addresses = ['virtual_ipaddress', 'virtual_ipaddress_excluded'].flatMap((keyword) =>
    all(entries, keyword).flatMap((list) => list.entries.map((entry) => entry.keyword.split('/', 1)[0] ?? '')),
  )
  return {
    ...announced(block),
    onLowerPriority: script(entries, 'notify_master_rx_lower_pri'),
    interface: value(entries, 'interface'),
    priority: Number.isInteger(priority) ? priority : undefined,
    source: addressIn(value(entries, 'unicast_src_ip') ?? '')[0],
    // One per line, with options; older versions accept several (vrrp_parser.c, vrrp_unicast_peer_handler).
    peers: wordsIn(entries, 'unicast_peer').flatMap(addressIn),
    addresses: addresses.flatMap(addressIn),
    strict: flag(entries, 'strict_mode'),
  }
}

function groupOf(block: Entry): SyncGroup {
  return { ...announced(block), members: wordsIn(block.entries, 'group') }
}

function announced({ words: [name = ''], entries }: Entry): Announced {
  return { name, notify: script(entries, 'notify'), priorityChanges: flag(entries, 'notify_priority_changes') }
}

function all(entries: readonly Entry[], keyword: string): Entry[] {
  return entries.filter((entry) => entry.keyword === keyword)
}

/** The first word after the keyword; the last of several entries wins. */
function value(entries: readonly Entry[], keyword: string): string | undefined {
  return all(entries, keyword).at(-1)?.words[0]
}

/** keepalived.conf(5): on, true and yes, or off, false and no; the keyword alone means on. */
function flag(entries: readonly Entry[], keyword: string): boolean | undefined {
  const entry = all(entries, keyword).at(-1)
  return entry && !['off', 'false', 'no'].includes(entry.words[0] ?? '')
}

/** All words in the keyword's blocks. */
function wordsIn(entries: readonly Entry[], keyword: string): string[] {
  return all(entries, keyword).flatMap((block) => block.entries.flatMap((entry) => [entry.keyword, ...entry.words]))
}

/** `notify "COMMAND ARGUMENT…" [USER [GROUP]]`. */
function script(entries: readonly Entry[], keyword: string): Script | undefined {
  const [command, user] = all(entries, keyword).at(-1)?.words ?? []
  return command === undefined ? undefined : { command: wordsOf(command), user }
}

/** The address in canonical form; empty if invalid. */
function addressIn(text: string): string[] {
  const address = parseAddress(text)
  return address ? [address.text] : []
}

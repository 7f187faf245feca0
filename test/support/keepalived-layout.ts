/** What the real keepalived makes of its config, from the dump that it writes on SIGUSR1 (vrrp_data.c, global_data.c). */
import type { KeepalivedConf, NotifyKeyword } from '../../src/adapters/keepalived/conf/conf.ts'

type Scripts = Readonly<Record<string, readonly string[]>>

/** The settings that both the dump and our parser tell. */
export type Layout = {
  fifos: readonly { keyword: string; path: string; script: readonly string[] | undefined }[]
  statesOnReload: boolean
  priorityChanges: boolean
  strict: boolean
  instances: readonly {
    name: string
    interface: string | undefined
    priority: number
    source: string | undefined
    peers: readonly string[]
    addresses: readonly string[]
    scripts: Scripts
  }[]
  groups: readonly { name: string; members: readonly string[]; scripts: Scripts }[]
}

const KEYWORDS: Readonly<Record<string, NotifyKeyword>> = {
  Generic: 'notify',
  Master: 'notify_master',
  Backup: 'notify_backup',
  Fault: 'notify_fault',
  Stop: 'notify_stop',
  Deleted: 'notify_deleted',
  'Master rx lower pri': 'notify_master_rx_lower_pri',
}

export function layoutOfConf(conf: KeepalivedConf): Layout {
  const scriptsOf = ({ scripts }: KeepalivedConf['groups'] extends ReadonlyMap<string, infer Group> ? Group : never) =>
    Object.fromEntries([...scripts].map(([keyword, { command }]) => [keyword, command]))
  return {
    fifos: conf.fifos.map(({ keyword, path, script }) => ({
      keyword,
      path,
      script: script && [...script.command, path],
    })),
    statesOnReload: conf.statesOnReload,
    priorityChanges: conf.priorityChanges,
    strict: conf.strict,
    instances: [...conf.instances.values()].map((instance) => ({
      name: instance.name,
      interface: instance.interface,
      priority: instance.priority,
      source: instance.source,
      peers: instance.peers,
      addresses: instance.addresses,
      scripts: scriptsOf({ ...instance, members: [] }),
    })),
    groups: [...conf.groups.values()].map((group) => ({
      name: group.name,
      members: group.members,
      scripts: scriptsOf(group),
    })),
  }
}

export function layoutOfDump(text: string): Layout {
  const sections = new Map(
    [...text.matchAll(/^-+< (.+) >-+\n((?:(?!-+<).*\n)*)/gm)].map(([, title, body]) => [title, body ?? '']),
  )
  const globals = sections.get('Global definitions') ?? ''
  const is = (label: string) => new RegExp(`^ ${label} = true$`, 'm').test(globals)
  return {
    fifos: [...fifoIn(globals, 'VRRP', 'vrrp_notify_fifo'), ...fifoIn(globals, 'Global', 'notify_fifo')],
    statesOnReload: is('FIFO write vrrp states on reload'),
    priorityChanges: is('VRRP notify priority changes'),
    strict: is('VRRP strict mode'),
    instances: blocksIn(sections.get('VRRP Topology') ?? '', ' VRRP Instance = ').map((block) => ({
      name: block.split('\n', 1)[0] ?? '',
      interface: /^ {3}Interface = (.*)$/m.exec(block)?.[1],
      priority: Number(/^ {3}Priority = (\d+)$/m.exec(block)?.[1]),
      source: /^ {3}Using src_ip = (\S+) \(from configuration\)$/m.exec(block)?.[1],
      peers: addressesIn(block, 'Unicast Peer'),
      addresses: [...addressesIn(block, 'Virtual IP'), ...addressesIn(block, 'Virtual IP Excluded')],
      scripts: scriptsIn(block),
    })),
    groups: blocksIn(sections.get('VRRP Sync groups') ?? '', ' VRRP Sync Group = ').map((block) => ({
      name: /^(.*), \w+$/m.exec(block)?.[1] ?? '',
      members: listIn(block, 'VRRP member instances'),
      scripts: scriptsIn(block),
    })),
  }
}

function blocksIn(section: string, start: string): string[] {
  return section.split(new RegExp(`^${start}`, 'm')).slice(1)
}

function fifoIn(globals: string, label: string, keyword: string): Layout['fifos'] {
  const path = new RegExp(`^ ${label} notify fifo = (.*), uid:gid`, 'm').exec(globals)?.[1]
  const script = new RegExp(`^ ${label} notify fifo script = (.*), uid:gid`, 'm').exec(globals)?.[1]
  return path === undefined ? [] : [{ keyword, path, script: script === undefined ? undefined : wordsIn(script) }]
}

/** `   Virtual IP (2):`, and a line for each. */
function listIn(block: string, label: string): string[] {
  const [, lines = ''] = new RegExp(`^ {3}${label}(?: \\(\\d+\\))? ?:\n((?: {5}.*\n)*)`, 'm').exec(block) ?? []
  return lines
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}

/** `10.99.0.10/24 dev lo scope global` */
function addressesIn(block: string, label: string): string[] {
  return listIn(block, label).flatMap((line) => line.split(/[ /]/, 1))
}

function scriptsIn(block: string): Scripts {
  const found = [...block.matchAll(/^ {3}(.+) state transition script = (.*), uid:gid/gm)]
  return Object.fromEntries(found.map(([, label = '', words = '']) => [KEYWORDS[label] ?? label, wordsIn(words)]))
}

/** `'/usr/bin/true' 'a b'` */
function wordsIn(text: string): string[] {
  return [...text.matchAll(/'((?:[^'\\]|\\.)*)'/gs)].map(([, word]) => word ?? '')
}

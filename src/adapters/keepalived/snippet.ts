/** The part of keepalived.conf needed for VRRP instances whose routes we move. */
import { type Address, type Destination, destinationText, isHost } from '../../core/vip.ts'

/** One entry of the config, and what is known of how its node speaks VRRP. */
export type SnippetInstance = {
  readonly name: string
  /** The vrrp_instances of a sync group; empty for a single instance. */
  readonly members: readonly string[]
  readonly vips: readonly Destination[]
  readonly interface: string | undefined
  readonly source: Address | undefined
  readonly peers: readonly Address[]
  readonly priority: number | undefined
}

/** Something for a person to fill in. keepalived refuses a file that contains one, so nobody runs with a guess. */
export type Placeholder = (typeof PLACEHOLDERS)[number]

const PLACEHOLDERS = ['INTERFACE', 'PRIORITY', 'ADDRESS-OF-THIS-NODE', 'ADDRESS-OF-ANOTHER-NODE'] as const

export type Snippet = {
  readonly text: string
  readonly placeholders: readonly Placeholder[]
  /** VIPs that are not host addresses. */
  readonly leftOut: readonly Destination[]
}

export type SnippetOptions = {
  /** Path by which keepalived calls this program. */
  readonly program: string
  readonly fifo: string
  /** virtual_router_id of the first vrrp_instance; the following ones count up. */
  readonly routerId: number
  readonly instances: readonly SnippetInstance[]
}

/** One vrrp_instance. */
type Vrrp = {
  readonly name: string
  readonly routerId: number
  readonly vips: readonly Destination[]
  /** TYPE and NAME of its events: those of its sync group, if it has one. */
  readonly subject: string
  readonly of: SnippetInstance
}

/**
 * The snippet, tested with keepalived 2.2.7. It uses VRRP version 3, because version 2 only knows whole seconds, and puts
 * VIPs on `lo`, because they belong to none of the node's subnets.
 */
export function keepalivedSnippet({ program, fifo, routerId, instances }: SnippetOptions): Snippet {
  const vrrps: Vrrp[] = []
  for (const each of instances) {
    const { name, members, vips } = each
    const subject = members.length > 0 ? `GROUP ${argument(name)}` : `INSTANCE ${argument(name)}`
    for (const [index, member] of (members.length > 0 ? members : [name]).entries()) {
      const own = members.length > 0 ? dealt(vips, index, members.length) : vips
      vrrps.push({ name: member, routerId: routerId + vrrps.length, vips: own, subject, of: each })
    }
  }
  const groups = instances.filter(({ members }) => members.length > 0)
  const lines = [
    ...globalLines(fifo),
    ...groups.flatMap(({ name, members }) => groupLines(name, members, program)),
    ...vrrps.flatMap((vrrp) => vrrpLines(vrrp, program)),
  ]
  const text = `${lines.join('\n')}\n`
  return {
    text,
    placeholders: placeholdersOf(instances),
    leftOut: instances.flatMap(({ vips }) => vips.filter((vip) => !isHost(vip))),
  }
}

function placeholdersOf(instances: readonly SnippetInstance[]): Placeholder[] {
  const lacking: Record<Placeholder, (instance: SnippetInstance) => boolean> = {
    INTERFACE: (each) => each.interface === undefined,
    PRIORITY: (each) => each.priority === undefined,
    'ADDRESS-OF-THIS-NODE': (each) => each.source === undefined,
    'ADDRESS-OF-ANOTHER-NODE': (each) => each.peers.length === 0,
  }
  return PLACEHOLDERS.filter((placeholder) => instances.some(lacking[placeholder]))
}

/** One VIP for each member, and the remaining ones for the last. */
function dealt(vips: readonly Destination[], index: number, count: number): readonly Destination[] {
  return vips.slice(index, index === count - 1 ? undefined : index + 1)
}

function globalLines(fifo: string): string[] {
  const settings = [
    'vrrp_version 3',
    'enable_script_security',
    'script_user keepalived_script',
    `vrrp_notify_fifo ${fifo}`,
    'fifo_write_vrrp_states_on_reload',
  ]
  return ['global_defs {', ...settings.map((setting) => `  ${setting}`), '}']
}

function groupLines(name: string, members: readonly string[], program: string): string[] {
  return [
    `vrrp_sync_group ${word(name)} {`,
    '  group {',
    ...members.map((member) => `    ${word(member)}`),
    '  }',
    `  notify "${program} notify"`,
    '}',
  ]
}

function vrrpLines({ name, routerId, vips, subject, of }: Vrrp, program: string): string[] {
  const { members, source, peers, priority } = of
  const known = (value: string | number | undefined, placeholder: Placeholder) => value ?? fillIn(placeholder)
  // Each on its own line: keepalived takes what follows an address as an option.
  const peerTexts = peers.length > 0 ? peers.map(({ text }) => text) : [fillIn('ADDRESS-OF-ANOTHER-NODE')]
  // We ignore a member's events, since its group has its own; except MASTER_RX_LOWER_PRI, which groups do not report.
  const ownEvents = members.length > 0 ? [] : ['  notify_priority_changes true', `  notify "${program} notify"`]
  return [
    `vrrp_instance ${word(name)} {`,
    '  state BACKUP',
    `  interface ${known(of.interface, 'INTERFACE')}`,
    `  virtual_router_id ${routerId}`,
    `  priority ${known(priority, 'PRIORITY')}`,
    '  advert_int 1',
    `  unicast_src_ip ${known(source?.text, 'ADDRESS-OF-THIS-NODE')}`,
    '  unicast_peer {',
    ...peerTexts.map((text) => `    ${text}`),
    '  }',
    ...addressLines(vips, (source ?? peers[0])?.kind ?? 'ipv4', routerId),
    ...ownEvents,
    `  notify_master_rx_lower_pri "${program} notify ${subject} MASTER_RX_LOWER_PRI"`,
    '}',
  ]
}

const fillIn = (placeholder: Placeholder) => `${placeholder}  # fill in`

/**
 * The VIPs that become this host's own addresses. An advert carries only addresses of VRRP's own family, and at least one
 * ("No VIP specified; at least one is required"): others are excluded from it, and a stand-in replaces them if there is
 * none. A range is routed through the node; 0.0.0.0/0 on `lo` would make the host take all traffic for itself.
 */
function addressLines(vips: readonly Destination[], family: Address['kind'], routerId: number): string[] {
  const hosts = vips.filter(isHost)
  const own = hosts.filter(({ kind }) => kind === family).map((vip) => `${destinationText(vip)} dev lo`)
  const other = hosts.filter(({ kind }) => kind !== family).map((vip) => `${destinationText(vip)} dev lo`)
  const leftOut = vips.filter((vip) => !isHost(vip))
  const standIn = family === 'ipv4' ? `127.99.0.${routerId}/32` : `100::${routerId.toString(16)}/128`
  const advertised = own.length > 0 ? own : [`${standIn} dev lo  # unused: keepalived requires an address`]
  return [
    '  virtual_ipaddress {',
    ...advertised.map((line) => `    ${line}`),
    ...leftOut.map((vip) => `    # ${leftOutText(vip)}`),
    '  }',
    ...(other.length > 0 ? ['  virtual_ipaddress_excluded {', ...other.map((line) => `    ${line}`), '  }'] : []),
  ]
}

/** Why a VIP is not one of the host's addresses. */
export function leftOutText(vip: Destination): string {
  return vip.kind === 'prefix-list'
    ? `${vip.id} is not an address: add those of its addresses here that this host should answer`
    : `${vip.cidr} is routed through this host, and is not an address of its own`
}

/** Quoted if necessary: keepalived takes quoted text as one word. */
function word(text: string): string {
  return text.includes(' ') ? `"${text}"` : text
}

/** The same within a command that is itself quoted. */
function argument(text: string): string {
  return text.includes(' ') ? `'${text}'` : text
}

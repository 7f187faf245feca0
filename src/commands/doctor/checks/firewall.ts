/** Looks at this host's own firewall for rules that drop VRRP. Reads the rules, and changes nothing. */
import { spawnSync } from 'node:child_process'
import { type CommandLine, commandLine } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { codeOf } from '../../../platform/errors.ts'
import { finding } from './fact.ts'

const TIMEOUT_MS = 3000
/** The commands are in the system's folders, which are not in everyone's PATH. */
const FOLDERS = '/usr/sbin:/sbin'

const TOOLS = {
  nft: ['nft', 'list', 'ruleset'],
  iptables: ['iptables', '-S'],
  ip6tables: ['ip6tables', '-S'],
} as const

type Tool = keyof typeof TOOLS

/** A tool's listing; `why` if it could not be read. */
export type Listing = { readonly tool: Tool } & ({ readonly text: string } | { readonly why: string })

/** The rules of every tool that is installed. */
export function readFirewall(): Listing[] {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:${FOLDERS}` }
  return (['nft', 'iptables', 'ip6tables'] as const).flatMap((tool): Listing[] => {
    const [program, ...words] = TOOLS[tool]
    const { error, status, stdout, stderr } = spawnSync(program, words, { env, encoding: 'utf8', timeout: TIMEOUT_MS })
    if (codeOf(error) === 'ENOENT') return []
    if (error || status !== 0) return [{ tool, why: error?.message ?? stderr.trim().split('\n', 1)[0] ?? '' }]
    return [{ tool, text: stdout }]
  })
}

export function judgeFirewall(listings: readonly Listing[]): readonly Finding[] {
  const obstacles = listings.flatMap((listing) => ('text' in listing ? obstaclesIn(listing.tool, listing.text) : []))
  // iptables is often another view of nft's rules.
  const worst = obstacles.find(({ isCertain }) => isCertain) ?? obstacles[0]
  if (worst) {
    const { isCertain, found, command } = worst
    if (isCertain) {
      return [finding('firewall', 'warn', `${found}: adverts of the other nodes may be lost`, { mend: { command } })]
    }
    return [
      finding('firewall', 'unknown', `${found}; cannot tell whether another rule accepts it`, { mend: { command } }),
    ]
  }
  const unread = listings.flatMap((listing) => ('why' in listing ? [`${listing.tool}: ${listing.why}`] : []))
  if (unread.length > 0) return [finding('firewall', 'unknown', `its rules cannot be read: ${unread.join('; ')}`)]
  const none = 'neither nft nor iptables is installed'
  return [finding('firewall', 'ok', listings.length > 0 ? 'no rule of nft or iptables drops protocol 112' : none)]
}

/** `isCertain`: no rule that might accept VRRP after all has been seen. */
type Obstacle = { readonly isCertain: boolean; readonly found: string; readonly command: CommandLine }

function obstaclesIn(tool: Tool, text: string): Obstacle[] {
  return tool === 'nft' ? obstaclesInNft(text) : obstaclesInIptables(tool, text)
}

/** How a listing of nft and one of iptables name what is of interest. */
const NFT = {
  vrrp: /\b(?:l4proto|protocol|nexthdr) (?:\{[^}]*\b(?:vrrp|112)\b[^}]*\}|vrrp\b|112\b)/,
  drops: /\b(?:drop|reject)\b/,
  accepts: /\baccept$/,
  /** Conditions under which no advert is accepted. */
  others: /\b(?:tcp|udp|icmp|icmpv6|sctp|dport|sport|ct state|iif|iifname|oif|oifname|type filter)\b/,
}
const IPTABLES = {
  vrrp: /-p (?:vrrp|112)\b/,
  drops: /-j (?:DROP|REJECT)\b/,
  accepts: /-j ACCEPT\b/,
  others: /-p (?!vrrp\b|112\b)\w|--state|--ctstate|-i lo\b|-o lo\b/,
}

type Words = typeof NFT

/** What the rules mean to VRRP. A rule's conditions other than the protocol are not weighed. */
function judgeChain(rules: readonly string[], isDropping: boolean, everything: readonly string[], words: Words) {
  const rule = rules.find((each) => words.vrrp.test(each) && words.drops.test(each))
  if (rule !== undefined) return { isCertain: true, rule }
  const isClosed = isDropping || rules.some((each) => words.drops.test(each) && isUnconditional(each))
  const accepting = everything.filter((each) => words.accepts.test(each))
  if (!isClosed || accepting.some((each) => words.vrrp.test(each))) return undefined
  return { isCertain: accepting.every((each) => words.others.test(each)), rule }
}

/** A rule for every packet, such as `counter packets 3 bytes 180 drop`, or `-A INPUT -j REJECT`. */
function isUnconditional(rule: string): boolean {
  return /^(?:counter packets \d+ bytes \d+ )?(?:drop|reject)\b|^-A \S+ -j /.test(rule)
}

/** nft(8), as `nft list ruleset` prints it. */
function obstaclesInNft(text: string): Obstacle[] {
  const lines = text.split('\n').map((line) => line.trim())
  return chainsOf(lines).flatMap(({ table, name, isDropping, rules }) => {
    const judged = judgeChain(rules, isDropping, lines, NFT)
    if (!judged) return []
    const words = ['insert', 'rule', ...table.split(' '), name, 'meta', 'l4proto', '112', 'accept']
    const found = foundText(`nft's chain ${name} of ${table}`, judged.rule)
    return [{ isCertain: judged.isCertain, found, command: commandLine('sudo', 'nft', ...words) }]
  })
}

function foundText(chain: string, rule: string | undefined): string {
  return rule === undefined
    ? `${chain} drops what no rule accepts, and none accepts protocol 112 by name`
    : `${chain} says "${rule}"`
}

/** A chain of nft that filters what this host receives or sends. */
type Chain = { readonly table: string; readonly name: string; readonly isDropping: boolean; readonly rules: string[] }

function chainsOf(lines: readonly string[]): Chain[] {
  const chains: Chain[] = []
  let table = ''
  let name = ''
  let open: Chain | undefined
  for (const line of lines) {
    const [, ofTable] = /^table (\S+ \S+) \{/.exec(line) ?? []
    const [, ofChain] = /^chain (\S+) \{/.exec(line) ?? []
    const [, hook] = /^type filter hook (\w+)/.exec(line) ?? []
    if (ofTable !== undefined) table = ofTable
    else if (ofChain !== undefined) name = ofChain
    else if (hook !== undefined && /^(?:input|output|prerouting|postrouting|ingress)$/.test(hook)) {
      open = { table, name, isDropping: /policy drop/.test(line), rules: [] }
      chains.push(open)
    } else if (line === '}') open = undefined
    else open?.rules.push(line)
  }
  return chains
}

/** iptables(8), as `iptables -S` prints it. */
function obstaclesInIptables(tool: Tool, text: string): Obstacle[] {
  const lines = text.split('\n').map((line) => line.trim())
  return ['INPUT', 'OUTPUT'].flatMap((chain) => {
    const own = lines.filter((line) => line.startsWith(`-A ${chain} `))
    const judged = judgeChain(own, lines.includes(`-P ${chain} DROP`), lines, IPTABLES)
    if (!judged) return []
    const command = commandLine('sudo', tool, '-I', chain, '-p', '112', '-j', 'ACCEPT')
    return [{ isCertain: judged.isCertain, found: foundText(`${tool}'s ${chain}`, judged.rule), command }]
  })
}

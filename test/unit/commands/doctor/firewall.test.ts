/** What the doctor makes of a host's firewall, by what nft and iptables print. */
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { judgeFirewall, type Listing } from '../../../../src/commands/doctor/checks/firewall.ts'
import { requires } from '../../../support/requires.ts'

function judge(...listings: Listing[]): string[] {
  return judgeFirewall(listings).map(({ verdict, found, mend }) =>
    [verdict, found, ...(mend ? Object.values(mend) : [])].join(' | '),
  )
}

const chain = (rules: string, policy = 'accept') =>
  `table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy ${policy};\n${rules}\t}\n}\n`
const nft = (text: string): Listing => ({ tool: 'nft', text })
const iptables = (text: string): Listing => ({ tool: 'iptables', text })

const CLOSED = "nft's chain input of inet filter drops what no rule accepts, and none accepts protocol 112 by name"
const OPEN = 'ok | no rule of nft or iptables drops protocol 112'
const NFT_MEND = 'sudo nft insert rule inet filter input meta l4proto 112 accept'

test.each([
  ['no rules', '', OPEN],
  ['rules that are about something else', chain('\t\ttcp dport 112 drop\n'), OPEN],
  [
    'a rule in a chain that filters what is forwarded',
    chain('ip protocol 112 drop\n').replace('hook input', 'hook forward'),
    OPEN,
  ],
  [
    'a rule against VRRP',
    chain('\t\tip protocol vrrp counter packets 3 bytes 120 drop\n'),
    `warn | nft's chain input of inet filter says "ip protocol vrrp counter packets 3 bytes 120 drop": adverts of the other nodes may be lost | ${NFT_MEND}`,
  ],
  [
    'one in a set',
    chain('\t\tmeta l4proto { 47, 112 } drop\n'),
    expect.stringMatching(/^warn \| .* says "meta l4proto/),
  ],
  [
    'a policy that drops',
    chain('\t\tct state established,related accept\n\t\ttcp dport 22 accept\n', 'drop'),
    `warn | ${CLOSED}: adverts of the other nodes may be lost | ${NFT_MEND}`,
  ],
  [
    'a last rule that rejects',
    chain('\t\tiif "lo" accept\n\t\treject with icmpx admin-prohibited\n'),
    expect.stringMatching(/^warn/),
  ],
  ['a policy that drops, after VRRP is accepted', chain('\t\tip protocol 112 accept\n', 'drop'), OPEN],
  [
    'a policy that drops, after an address is accepted',
    chain('\t\tip saddr 10.0.2.12 accept\n', 'drop'),
    `unknown | ${CLOSED}; cannot tell whether another rule accepts it | ${NFT_MEND}`,
  ],
])('nft: %s', (_, text, told) => {
  expect(judge(nft(text))).toEqual([told])
})

const IPTABLES_MEND = 'sudo iptables -I INPUT -p 112 -j ACCEPT'
test.each([
  ['no rules', '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n', OPEN],
  [
    'a rule against VRRP',
    '-P INPUT ACCEPT\n-A INPUT -p vrrp -j DROP\n',
    `warn | iptables's INPUT says "-A INPUT -p vrrp -j DROP": adverts of the other nodes may be lost | ${IPTABLES_MEND}`,
  ],
  [
    'a policy that drops',
    '-P INPUT DROP\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n',
    expect.stringMatching(/^warn \| iptables's INPUT drops what no rule accepts/),
  ],
  [
    'a last rule that rejects',
    '-P INPUT ACCEPT\n-A INPUT -i lo -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-host-prohibited\n',
    expect.stringMatching(/^warn/),
  ],
  ['a policy that drops, after VRRP is accepted', '-P INPUT DROP\n-A INPUT -p 112 -j ACCEPT\n', OPEN],
  [
    'a policy that drops, after an address is accepted',
    '-P INPUT DROP\n-A ufw-user-input -s 10.0.2.12/32 -j ACCEPT\n',
    expect.stringMatching(/^unknown/),
  ],
])('iptables: %s', (_, text, told) => {
  expect(judge(iptables(text))).toEqual([told])
})

test('what cannot be read is unknown, unless what can be read drops VRRP', () => {
  const denied: Listing = { tool: 'nft', why: 'Operation not permitted (you must be root)' }
  expect(judge(denied)).toEqual(['unknown | its rules cannot be read: nft: Operation not permitted (you must be root)'])
  expect(judge(denied, iptables('-A INPUT -p 112 -j DROP\n'))).toEqual([expect.stringMatching(/^warn/)])
  expect(judge()).toEqual(['ok | neither nft nor iptables is installed'])
})

describe.skipIf(!requires('keepalived'))('the real nft', () => {
  function listing(...commands: string[]): string {
    const script = [...commands.map((command) => `nft ${command}`), 'nft list ruleset'].join(' && ')
    return execFileSync('unshare', ['--net', 'sh', '-c', script], { encoding: 'utf8' })
  }

  test.each([
    ["'table inet drill { chain in { type filter hook input priority 0; ip protocol 112 drop; }; }'", 'warn'],
    [
      "'table inet drill { chain in { type filter hook input priority 0; policy drop; tcp dport 22 accept; }; }'",
      'warn',
    ],
    [
      "'table inet drill { chain in { type filter hook input priority 0; policy drop; meta l4proto 112 accept; }; }'",
      'ok',
    ],
    ["'table inet drill { chain in { type filter hook input priority 0; }; }'", 'ok'],
  ])('%s is %s', (rules, verdict) => {
    expect(judgeFirewall([nft(listing(rules))])[0]?.verdict).toBe(verdict)
  })
})

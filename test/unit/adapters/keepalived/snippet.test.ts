import { describe, expect, test } from 'vitest'
import { keepalivedSnippet, type SnippetInstance } from '../../../../src/adapters/keepalived/snippet.ts'
import { type Address, parseAddress, parseVip } from '../../../../src/core/vip.ts'

function address(text: string): Address {
  const found = parseAddress(text)
  if (found) return found
  throw new Error(`${text} is no address`)
}

function instance(vips: readonly string[], rest: Partial<SnippetInstance> = {}): SnippetInstance {
  return {
    name: 'VI_1',
    members: [],
    vips: vips.map(parseVip),
    interface: 'eth0',
    source: address('10.0.1.11'),
    peers: [address('10.0.2.12')],
    priority: 150,
    ...rest,
  }
}

const snippetOf = (...instances: SnippetInstance[]) =>
  keepalivedSnippet({ program: '/usr/bin/vip-switch', fifo: '/run/vip-switch/notify.fifo', routerId: 51, instances })

/** The lines of a block of the snippet, without the indent. */
function block(text: string, name: string): string[] {
  const [, lines = ''] = new RegExp(`^ *${name} \\{\\n([^}]*)\\}`, 'm').exec(text) ?? []
  return lines.trim().split(/\n\s*/).filter(Boolean)
}

describe('VIPs in keepalived.conf', () => {
  test('are addresses of lo, those of the other family beside the advert', () => {
    const { text, leftOut } = snippetOf(instance(['10.99.0.10', '2001:db8:99::10', '10.99.0.11']))
    expect(block(text, 'virtual_ipaddress')).toEqual(['10.99.0.10/32 dev lo', '10.99.0.11/32 dev lo'])
    expect(block(text, 'virtual_ipaddress_excluded')).toEqual(['2001:db8:99::10/128 dev lo'])
    expect(leftOut).toEqual([])
  })

  test('follow the family in which the nodes speak', () => {
    const { text } = snippetOf(
      instance(['10.99.0.10', '2001:db8:99::10'], { source: address('fd00::1'), peers: [address('fd00::2')] }),
    )
    expect(block(text, 'virtual_ipaddress')).toEqual(['2001:db8:99::10/128 dev lo'])
    expect(block(text, 'virtual_ipaddress_excluded')).toEqual(['10.99.0.10/32 dev lo'])
  })

  test('that are ranges or prefix lists are left out, and said to be', () => {
    const { text, leftOut } = snippetOf(instance(['0.0.0.0/0', '10.99.0.10', 'pl-0a']))
    expect(leftOut).toEqual([parseVip('0.0.0.0/0'), parseVip('pl-0a')])
    expect(block(text, 'virtual_ipaddress')).toEqual([
      '10.99.0.10/32 dev lo',
      expect.stringMatching(/^# 0\.0\.0\.0\/0 is routed through/),
      expect.stringMatching(/^# pl-0a is not an address/),
    ])
  })

  test.each([
    ['10.0.1.11', '127.99.0.51/32'],
    ['fd00::1', '100::33/128'],
  ])('none at all (from %s) leave a stand-in, since keepalived wants one', (source, standIn) => {
    const { text } = snippetOf(instance(['pl-0a'], { source: address(source), peers: [] }))
    expect(block(text, 'virtual_ipaddress')[0]).toMatch(new RegExp(`^${standIn} dev lo +#`))
  })
})

describe('a sync group', () => {
  const group = instance(['10.99.0.10', '10.99.0.11', '10.99.0.12'], { name: 'VG 1', members: ['VI_1', 'VI_2'] })
  const { text } = snippetOf(group)

  test('is told of by its own notify, and by its members’ MASTER_RX_LOWER_PRI', () => {
    expect(text.match(/^ *notify .*/gm)).toEqual(['  notify "/usr/bin/vip-switch notify"'])
    expect(text.match(/notify_master_rx_lower_pri .*/g)).toEqual(
      Array(2).fill(`notify_master_rx_lower_pri "/usr/bin/vip-switch notify GROUP 'VG 1' MASTER_RX_LOWER_PRI"`),
    )
    expect(text).toContain('vrrp_sync_group "VG 1" {\n  group {\n    VI_1\n    VI_2\n  }\n')
  })

  test('deals its VIPs out, and numbers its members', () => {
    const [, first = '', second = ''] = text.split(/^vrrp_instance /m)
    expect(block(first, 'virtual_ipaddress')).toEqual(['10.99.0.10/32 dev lo'])
    expect(block(second, 'virtual_ipaddress')).toEqual(['10.99.0.11/32 dev lo', '10.99.0.12/32 dev lo'])
    expect(text.match(/virtual_router_id \d+/g)).toEqual(['virtual_router_id 51', 'virtual_router_id 52'])
  })
})

test('what is not known is a placeholder, named once', () => {
  const unknown = { interface: undefined, source: undefined, peers: [], priority: undefined }
  const { text, placeholders } = snippetOf(instance(['10.99.0.10'], unknown), instance(['10.99.0.11'], unknown))
  expect(placeholders).toEqual(['INTERFACE', 'PRIORITY', 'ADDRESS-OF-THIS-NODE', 'ADDRESS-OF-ANOTHER-NODE'])
  for (const placeholder of placeholders)
    expect(text.match(new RegExp(`${placeholder}  # fill in`, 'g'))).toHaveLength(2)
  expect(snippetOf(instance(['10.99.0.10'])).placeholders).toEqual([])
})

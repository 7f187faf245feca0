import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KeepalivedConf, readKeepalivedConf } from '../../../../src/adapters/keepalived/conf/conf.ts'
import { filesBy } from '../../../../src/adapters/keepalived/conf/glob.ts'
import { scriptWordsOf, withoutComment, wordsOf } from '../../../../src/adapters/keepalived/conf/words.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

/** Writes files below the directory, and reads the first. */
function read(files: Record<string, string>, configId = 'main'): KeepalivedConf {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return readKeepalivedConf(join(directory, Object.keys(files)[0] ?? ''), { configId })
}

const conf = (text: string, configId?: string) => read({ 'keepalived.conf': text }, configId)
const only = (text: string, configId?: string) => [...conf(text, configId).instances.values()][0]

/** What docs/installation.md has its readers write. */
function installedConf(): string {
  const page = readFileSync('docs/installation.md', 'utf8')
  return /^```\n(global_defs \{.*?)^```/ms.exec(page)?.[1] ?? ''
}

describe('keepalived.conf', () => {
  test('of the installation page says all that is asked of it', () => {
    const read = conf(installedConf())
    expect(read).toMatchObject({
      fifos: [{ keyword: 'vrrp_notify_fifo', path: '/run/vip-switch/notify.fifo', ignored: [], script: undefined }],
      statesOnReload: true,
      scriptUser: 'keepalived_script',
      strict: false,
      doubts: [],
    })
    expect([...read.instances]).toEqual([
      [
        'VI_1',
        {
          name: 'VI_1',
          interface: 'eth0',
          priority: 150,
          source: '10.0.1.11',
          peers: ['10.0.2.12'],
          addresses: ['10.99.0.10'],
          scripts: new Map([
            ['notify', { command: ['/usr/bin/vip-switch', 'notify'], user: undefined }],
            [
              'notify_master_rx_lower_pri',
              {
                command: ['/usr/bin/vip-switch', 'notify', 'INSTANCE', 'VI_1', 'MASTER_RX_LOWER_PRI'],
                user: undefined,
              },
            ],
          ]),
          priorityChanges: true,
          strict: undefined,
        },
      ],
    ])
  })

  test('as people write it: comments, braces on lines of their own, blocks that are none of ours', () => {
    const read = conf(`
! Configuration File for keepalived
global_defs
{
   notification_email {
     acassen@firewall.loc   # vrrp_instance NOT_ME {
   }
   router_id "LVS # not a comment"
   vrrp_strict off
   notify_fifo /run/a.fifo root
   vrrp_notify_fifo /run/b.fifo
}
vrrp_script chk { script "/usr/bin/test ! -e /tmp/x" ! vrrp_instance NOR_ME {
  weight -100 }
virtual_server 10.10.10.2 1358 { real_server 192.168.200.2 1358 { weight 1 } }
vrrp_instance VI_1 { interface eth0
  unicast_peer
  {
    10.0.2.12 min_ttl 3
    2001:db8::12
    not-an-address
  }
  virtual_ipaddress { 10.99.0.10/24 brd 10.99.0.255 dev lo label lo:vip
    2001:db8:99::10/64
  }
  virtual_ipaddress_excluded { 10.99.0.11
    2001:db8:99::11 }
  notify /usr/local/bin/notify.sh keepalived_script nogroup
  notify_priority_changes no
}
vrrp_instance VI_3 { }
vrrp_sync_group VG_1 { group { VI_1 VI_2
  VI_3 } notify "/bin/sh '/etc/my hooks/n.sh' x" }
`)
    expect(read.doubts).toEqual([])
    expect([...read.instances.keys()]).toEqual(['VI_1', 'VI_3'])
    expect(read.instances.get('VI_1')).toMatchObject({
      peers: ['10.0.2.12'],
      addresses: ['10.99.0.10', '10.99.0.11', '2001:db8:99::11'],
      scripts: new Map([['notify', { command: ['/usr/local/bin/notify.sh'], user: 'keepalived_script' }]]),
      priorityChanges: false,
    })
    expect(read.groups.get('VG_1')).toMatchObject({
      members: ['VI_1', 'VI_3'],
      scripts: new Map([['notify', { command: ['/bin/sh', '/etc/my hooks/n.sh', 'x'], user: undefined }]]),
    })
    expect(read.fifos.map(({ path }) => path)).toEqual(['/run/b.fifo', '/run/a.fifo'])
    expect(read.strict).toBe(false)
  })

  test('takes the lines that are meant for its config id, and no other', () => {
    const text = `vrrp_instance VRRP {
      @main   unicast_src_ip 1.2.3.4
      @backup unicast_src_ip 1.2.3.5
      @backup2 unicast_src_ip 1.2.3.6
      unicast_peer {
        @^main    1.2.3.4
        @^backup  1.2.3.5
        @^backup2 1.2.3.6
      }
    }`
    expect(only(text, 'main')).toMatchObject({ source: '1.2.3.4', peers: ['1.2.3.5', '1.2.3.6'] })
    expect(only(text, 'backup')).toMatchObject({ source: '1.2.3.5', peers: ['1.2.3.4', '1.2.3.6'] })
    expect(only(text, 'other')).toMatchObject({ source: undefined, peers: ['1.2.3.4', '1.2.3.5', '1.2.3.6'] })
  })

  test('has its parameters replaced, at the place where they are used', () => {
    const text = `
      @main $PRIORITY=240
      @backup $PRIORITY=200
      $BASE=10.2.\${SUB}
      $SUB=0
      $IF_MAIN=@main
      $INSTANCE= \\
      vrrp_instance VI_\${NUM} { \\
        @main priority $PRIORITY \\
        virtual_ipaddress { \\
          \${BASE}.\${NUM}/32 \\
        } \\
        notify "\${_PWD}/n.sh \${UNKNOWN}" \\
      }
      $NUM=7
      $INSTANCE
      $NUM=8
      $SUB=9
      \${INSTANCE}
      vrrp_instance LAST {
        $IF_MAIN unicast_src_ip 10.0.0.1
      }`
    const { instances, doubts } = conf(text)
    expect(doubts).toEqual([])
    expect([...instances.values()]).toMatchObject([
      {
        name: 'VI_7',
        priority: 240,
        addresses: ['10.2.0.7'],
        scripts: new Map([['notify', { command: [`${directory}/n.sh`, `\${UNKNOWN}`], user: undefined }]]),
      },
      { name: 'VI_8', priority: 240, addresses: ['10.2.9.8'] },
      { name: 'LAST', source: '10.0.0.1' },
    ])
    expect([...conf(text, 'backup').instances.values()].at(-1)).toMatchObject({ source: undefined })
  })

  test('includes files, from where the including one is, and says which it could not read', () => {
    const { instances, doubts } = read({
      'main.conf': 'include conf.d/*.conf\ninclude /nonexistent/*.conf\ninclude {x,y/z}.conf\nincludea conf.d\n',
      'conf.d/b.conf': 'vrrp_instance B {\n include ../part\n}\n',
      'conf.d/a.conf': 'vrrp_instance A { priority 1 }\n',
      'conf.d/.hidden.conf': 'vrrp_instance HIDDEN { }\n',
      'conf.d/a.conf.bak': 'vrrp_instance BAK { }\n',
      part: 'priority 2\n',
      'y/z.conf': 'vrrp_instance Z { }\ninclude z.conf\n',
    })
    expect([...new Set(instances.keys())]).toEqual(['A', 'B', 'Z'])
    expect(instances.get('B')?.priority).toBe(2)
    expect(doubts).toEqual([`${directory}/y/z.conf:2: its includes are nested too deeply`])
  })

  test.each([
    [`~SEQ(N, 1, two) vrrp_instance VI_\${N} { }`, 'keepalived.conf:1: ~SEQ cannot be understood'],
    [`~SEQ(N, 1, 0, 3) x`, 'keepalived.conf:1: ~SEQ cannot be understood'],
    [`~SEQ(N, 1, 1000000000) x`, 'keepalived.conf:1: ~SEQ cannot be understood'],
    ['~LST({A, B}, {1, 2, 3}) x', 'keepalived.conf:1: ~LST cannot be understood'],
    [`priority \${PRIORITY}`, `keepalived.conf:1: \${PRIORITY} has no value`],
    [`priority \${_RANDOM 1 100}`, 'keepalived.conf:1: only keepalived knows _RANDOM'],
    ['vrrp_instance VI_1 {', 'its braces are unbalanced'],
    ['}\nvrrp_instance VI_1 { }', 'its braces are unbalanced'],
    [`$A=\${A}x\npriority \${A}`, 'keepalived.conf:2: its parameters are nested too deeply'],
  ])('says that there may be more in it than is understood: %s', (text, doubt) => {
    expect(conf(text).doubts).toEqual([expect.stringContaining(doubt)])
  })

  test('that cannot be read is an error that names it', () => {
    expect(() => readKeepalivedConf('/nonexistent/keepalived.conf', { configId: '' })).toThrow(
      'cannot read /nonexistent/keepalived.conf: ENOENT',
    )
  })
})

describe('words', () => {
  test.each([
    ['abcd" efg h jkl "mnop', ['abcd efg h jkl mnop']],
    ['abcd "efg h jkl" mnop', ['abcd', 'efg h jkl', 'mnop']],
    [String.raw`a\ b "c\"d" 'e"f' "" g\\`, ['a b', 'c"d', 'e"f', '', 'g\\']],
    ['  ', []],
    [String.raw`a\x41\101\t\q \cAb`, ['aAA\tq', '\x01b']],
    ['"open end', undefined],
    ["'open end", undefined],
    ['a \\', undefined],
    [String.raw`a "open \"`, ['a', 'open "']],
  ])('of a script: %s', (line, words) => {
    expect(scriptWordsOf(line)).toEqual(words)
  })

  test.each([
    ['a  "b c"d\te', ['a', 'b c', 'd', 'e']],
    [String.raw`'a b' c\ d`, ["'a", "b'", 'c\\', 'd']],
    ['a "open end', ['a']],
    ['  ', []],
  ])('of any other line: %s', (line, words) => {
    expect(wordsOf(line)).toEqual(words)
  })

  test.each([
    ['a # b', 'a'],
    ['  a "b # c" ! d', 'a "b # c"'],
    [String.raw`a \# b \! c # d`, 'a # b ! c'],
    ['# all', ''],
    ['a \\', 'a \\'],
  ])('without the comment: %s', (line, rest) => {
    expect(withoutComment(line)).toBe(rest)
  })

  test('continue on the next line after a comment, before 2.4', () => {
    expect(withoutComment('a # b \\', true)).toBe('a\\')
    expect(withoutComment('a # b \\')).toBe('a')
  })
})

test('a pattern names files as a shell has it', () => {
  read({ 'g/a1': '', 'g/a2': '', 'g/b1': '', 'g/d/a1': '' })
  const names = (pattern: string) =>
    filesBy(pattern, join(directory, 'g')).map((each) => each.slice(directory.length + 3))
  expect(names('a?')).toEqual(['a1', 'a2'])
  expect(names('[!a]1')).toEqual(['b1'])
  expect(names('{b,a}1')).toEqual(['b1', 'a1'])
  expect(names('*/a*')).toEqual(['d/a1'])
  expect(names('{,d/}a{1,{3,2}}')).toEqual(['a1', 'a2', 'd/a1'])
  expect(names(`${directory}/g/*`)).toEqual(['a1', 'a2', 'b1'])
})

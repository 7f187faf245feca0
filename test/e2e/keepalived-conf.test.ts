/** Our reading of keepalived.conf is that of the real keepalived, as it tells it in its own dump. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readKeepalivedConf } from '../../src/adapters/keepalived/conf/conf.ts'
import { keepalivedVersion } from '../../src/adapters/keepalived/installation.ts'
import { poll } from '../../src/lab/poll.ts'
import { layoutOfConf, layoutOfDump } from '../support/keepalived-layout.ts'
import { requires } from '../support/requires.ts'
import { raiseNode } from './lone-node.ts'

const GLOBALS = 'global_defs {\n  vrrp_version 3\n  enable_script_security\n  script_user root\n}\n'
const instance = (name: string, id: number, rest = '') => `
vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${id}
  unicast_src_ip 10.0.1.11
  unicast_peer { 10.0.2.12 }
  virtual_ipaddress { 10.99.0.${id}/32 dev lo }
  ${rest}
}
`

/** Files by name; the first is keepalived.conf. */
type Files = Readonly<Record<string, string>>

const CASES: readonly [string, Files][] = [
  [
    'repeated settings',
    {
      'keepalived.conf': `
global_defs {
  vrrp_notify_fifo DIRECTORY/first
  vrrp_notify_fifo DIRECTORY/second
  vrrp_notify_fifo_script "/usr/bin/true first"
  vrrp_notify_fifo_script "/usr/bin/true second"
  vrrp_notify_priority_changes
  vrrp_notify_priority_changes off
}
${GLOBALS}
global_defs {
  vrrp_notify_fifo DIRECTORY/third
  notify_fifo
  notify_fifo DIRECTORY/fourth root
  notify_fifo DIRECTORY/fifth
  fifo_write_vrrp_states_on_reload
  vrrp_notify_priority_changes yes
  vrrp_notify_priority_changes perhaps
}
vrrp_instance VI_1 {
  state BACKUP
  interface lo
  interface eth0
  virtual_router_id 51
  priority 150
  priority 151
  unicast_src_ip 10.0.1.12
  unicast_src_ip 10.0.1.11
  unicast_peer {
    10.0.2.12
    10.0.2.14 min_ttl 3
  }
  unicast_peer { 10.0.2.13 }
  virtual_ipaddress { 10.99.0.10/32 dev lo }
  virtual_ipaddress {
    10.99.0.11/32 dev lo
    fd00::1/128 dev lo
  }
  virtual_ipaddress_excluded { 10.99.0.12/32 dev lo }
  virtual_ipaddress_excluded { fd00::2/128 dev lo }
  notify_master "/usr/bin/true 'unfinished"
  ${[
    'notify',
    'notify_master',
    'notify_backup',
    'notify_fault',
    'notify_stop',
    'notify_deleted',
    'notify_master_rx_lower_pri',
  ]
    .flatMap((keyword) => [`${keyword} "/usr/bin/true ${keyword} 1"`, `${keyword} "/usr/bin/true ${keyword} 2"`])
    .join('\n  ')}
}`,
    },
  ],
  [
    'repeated blocks',
    {
      'keepalived.conf': `${GLOBALS}
vrrp_sync_group G1 {
  group { VI_1 VI_9
    VI_2 }
  notify "/usr/bin/true g 1"
  notify "/usr/bin/true g 2"
  notify_master "/usr/bin/true gm"
  notify_deleted "/usr/bin/true none"
}
vrrp_sync_group G1 { group { VI_3 } notify "/usr/bin/true again" }
vrrp_sync_group G2 {
  group { VI_2 VI_3 }
  notify_backup "/usr/bin/true gb"
}
vrrp_sync_group G3 { group { VI_9 } }
vrrp_sync_group G4 {
  notify "/usr/bin/true before"
  group { VI_4 }
  group { VI_3 }
  notify_master "/usr/bin/true after"
}
${instance('VI_1', 51, 'priority 0')}${instance('VI_2', 52, 'priority 200x')}${instance('VI_3', 53)}${instance('VI_4', 54)}
${instance('VI_1', 61, 'priority 7\nnotify "/usr/bin/true again"')}
vrrp_instance VI_5 too many { interface eth0 }`,
    },
  ],
  [
    'sequences and lists',
    {
      'keepalived.conf': `${GLOBALS}
$VI= \\
vrrp_instance VI_\${NUM} { \\
  interface eth0 \\
  virtual_router_id 5\${NUM} \\
  unicast_src_ip 10.0.1.11 \\
  unicast_peer { \\
    ~SEQ(PEER, 12, 14) 10.0.2.$PEER \\
  } \\
  virtual_ipaddress { \\
    10.99.0.1\${NUM}/32 dev lo \\
  } \\
  notify "/usr/bin/true \${NUM}" \\
}
~SEQ(NUM, 0, 2) $VI
$LAST=6
~SEQ(NUM,4,2,$LAST) $VI
vrrp_instance OTHER {
  interface eth0
  virtual_router_id 60
  ~LST(P, 101) priority $P
  unicast_src_ip 10.0.1.11
  unicast_peer {
    ~LST({A, B}, {10.0.2, 20}, {10.0.3, 30} , {10.0.4}) \${A}.1\${B}
  }
  virtual_ipaddress {
    ~SEQ(N, 3) 10.99.1.$N
    ~SEQ(N, -2) 10.99.2.\${N}
    ~SEQx(N, 8, 4, 0x10) 10.99.3.1\${N}
    ~SEQ(M, 1, 2) ~SEQ(N, 1, 2) 10.99.4.\${M}\${N}
    ~SEQ(N, 010) 10.99.5.\${N}
    ~SEQ(N, 3, 1) 10.99.6.\${N}
  }
}`,
    },
  ],
  [
    'parameters, conditions and includes',
    {
      'keepalived.conf': `${GLOBALS}
$BODY=\\
  interface eth0 # the only one \\

$ADDRESS=10.0.\${NET}.11
$NET=1
@db-1 $ROLE=130
@db-2 $ROLE=90
@^db-1 $ROLE=80
$ONLY_1=@db-1
$ONLY_2=@db-2
$PEERS= \\
unicast_peer { \\
  10.0.2.12 \\
  10.0.2.13 # and another \\
}
$ENDED=\\
  priority 131 \\
# a comment ends it
vrrp_instance "VI 1" { $BODY
  virtual_router_id 51
  priority $ROLE
  $ENDED
  unicast_src_ip $ADDRESS
  $PEERS
  $ONLY_1 notify_master "/usr/bin/true \${_INSTANCE}"
  notify_fault "/usr/bin/true \${_PWD}"
  $ONLY_2 notify_backup "/usr/bin/true"
  @db-1
  @db-10 notify_backup "/usr/bin/true"
  virtual_ipaddress {
    include conf.d/*.conf
    10.99.0.30/32 dev lo
  }
  notify "/usr/bin/true \${UNKNOWN} \${_HASH} '{' \\"}\\"" root
}
includea {one,two}.conf
`,
      'conf.d/a.conf': '10.99.0.10/32 dev lo\ninclude deeper/*\n10.99.0.11/32 dev lo\n',
      'conf.d/deeper/x': '10.99.0.20/32 dev lo\n',
      'conf.d/.hidden.conf': '10.99.0.12/32 dev lo\n',
      'one.conf': instance('VI_2', 52, 'include two.conf\npriority 20'),
      'two.conf': 'priority 30\n',
    },
  ],
  [
    'words and quotes',
    {
      'keepalived.conf': `${GLOBALS}
vrrp_sync_group "G 1" { group {
  "VI 1" VI_2 } notify_stop /usr/bin/true }
${instance('"VI 1"', 51, String.raw`notify "/usr/bin/true 'a b' c\\ d \"e f\" g\x41\t1 \101" root`)}
${instance('VI_2', 52, `notify_fault '/usr/bin/true x' # "comment"\n  notify_stop /usr/bin/true nobody nogroup`)}
`,
    },
  ],
  [
    'vrrp_strict',
    {
      'keepalived.conf': `${GLOBALS}global_defs { vrrp_strict off }
vrrp_instance VI_1 { interface eth0
  virtual_router_id 51
  virtual_ipaddress { 10.99.0.10/32 }
}`,
    },
  ],
]

describe.skipIf(!requires('keepalived'))(
  'keepalived.conf is read as by the real keepalived',
  { timeout: 30_000 },
  () => {
    test.each(CASES)('with %s', async (_title, files) => {
      const { directory, file, start } = raiseNode()
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(file(name)), { recursive: true })
        writeFileSync(file(name), text.replaceAll('DIRECTORY', directory))
      }
      const log = await start([], { TMPDIR: directory }, ['--config-id', 'db-1'])
      await log.line(/Startup complete/)
      process.kill(log.pid, 'SIGUSR1')
      const told = await poll('the dump', 5000, () => {
        const text = existsSync(file('keepalived.data')) ? readFileSync(file('keepalived.data'), 'utf8') : ''
        return text.includes('< Interfaces >') ? layoutOfDump(text) : undefined
      })
      const conf = readKeepalivedConf(file('keepalived.conf'), {
        configId: 'db-1',
        version: keepalivedVersion(log.pid),
      })
      expect(told.instances).not.toEqual([])
      expect(layoutOfConf(conf)).toEqual(told)
    })
  },
)

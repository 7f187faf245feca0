/** What the doctor makes of a keepalived.conf. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readKeepalivedConf } from '../../../../src/adapters/keepalived/conf/conf.ts'
import type { Cluster } from '../../../../src/commands/doctor/checks/cluster.ts'
import {
  announcerOf,
  judgeEvents,
  judgeLowerPriority,
  judgeUnicast,
  judgeVrrpInstance,
} from '../../../../src/commands/doctor/checks/keepalived-conf.ts'
import type { Finding } from '../../../../src/core/finding.ts'
import { memberOf } from '../../../support/doctor-members.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
  writeFileSync(join(directory, 'wrapper.sh'), '#!/bin/sh\nexec /usr/bin/vip-switch notify "$@"\n')
  writeFileSync(join(directory, 'other.sh'), '#!/bin/sh\naws ec2 assign-private-ip-addresses\n')
})
afterAll(() => rmSync(directory, { recursive: true }))

const FIFO = '/run/vip-switch/notify.fifo'
const WELL = `
global_defs {
  vrrp_notify_fifo ${FIFO}
  fifo_write_vrrp_states_on_reload
}
vrrp_instance VI_1 {
  unicast_src_ip 10.0.1.11
  unicast_peer { 10.0.2.12 }
  notify_priority_changes true
  notify "/usr/bin/vip-switch notify"
  notify_master_rx_lower_pri "/usr/bin/vip-switch notify INSTANCE VI_1 MASTER_RX_LOWER_PRI"
}`

const PAIR: Cluster = {
  region: 'ap-northeast-1',
  members: [memberOf('db-1', '10.0.1.11', { isSelf: true }), memberOf('db-2', '10.0.2.12')],
  strangers: [],
  clockAheadMs: 0,
}

type Context = { name?: string; cluster?: Cluster; version?: readonly number[] }

/** What is found in the text, but what is well. */
function problems(text: string, { name = 'VI_1', cluster = PAIR, version }: Context = {}): Finding[] {
  const path = join(directory, 'keepalived.conf')
  writeFileSync(path, text.replaceAll('DIRECTORY', directory))
  const conf = readKeepalivedConf(path, 'db-1')
  const announcer = announcerOf(conf, name)
  const findings = [
    ...judgeVrrpInstance(conf, path, name),
    ...(announcer
      ? [
          ...judgeUnicast(announcer, cluster),
          ...judgeEvents(announcer, FIFO, version),
          ...judgeLowerPriority(announcer, FIFO),
        ]
      : []),
  ]
  return findings.filter(({ verdict }) => verdict !== 'ok')
}

const without = (line: RegExp) => WELL.replace(new RegExp(`^.*${line.source}.*\n`, 'm'), '')
const told = (findings: readonly Finding[]) =>
  findings.map(({ check, verdict, found }) => `${verdict} ${check}: ${found}`)

describe('a keepalived.conf', () => {
  test('that does all that is asked of it is well', () => {
    expect(problems(WELL)).toEqual([])
  })

  test.each<[string, string, string[], Context?]>([
    [
      'no such instance',
      WELL.replace('VI_1 {', 'VI_9 {'),
      [
        'fail vrrp-instance: DIRECTORY/keepalived.conf has no vrrp_instance or vrrp_sync_group of that name (it has VI_9)',
      ],
    ],
    [
      'no instance at all',
      'global_defs { }',
      [
        'fail vrrp-instance: DIRECTORY/keepalived.conf has no vrrp_instance or vrrp_sync_group of that name (it has none)',
      ],
    ],
    ['no peers', without(/unicast_peer/), ['fail unicast: no unicast_peer: EC2 has no multicast']],
    [
      'vrrp_strict',
      WELL.replace('global_defs {', 'global_defs {\nvrrp_strict'),
      ['fail unicast: vrrp_strict forbids unicast'],
    ],
    [
      'the other’s addresses',
      WELL.replace('10.0.1.11', '10.0.2.12').replace('{ 10.0.2.12', '{ 10.0.1.11'),
      [
        'fail unicast: unicast_src_ip 10.0.2.12 is not an address of eni-01 (10.0.1.11)',
        'fail unicast: unicast_peer of VI_1 includes 10.0.1.11, which is this node itself',
        'fail unicast: unicast_peer of VI_1 lacks db-2 (10.0.2.12)',
      ],
    ],
    [
      'a peer that is nobody',
      WELL.replace('{ 10.0.2.12 }', '{\n10.0.2.12\n10.0.9.9\n}'),
      ['fail unicast: unicast_peer of VI_1 includes 10.0.9.9, which no interface of the VPC has'],
      { cluster: { ...PAIR, strangers: ['10.0.9.9'] } },
    ],
    [
      'neither FIFO nor hook',
      WELL.replace(/^.*(notify_fifo|notify ).*\n/gm, ''),
      [
        'fail events: neither notify nor vrrp_notify_fifo: vip-switch gets no events',
        'fail lower-priority: no notify_master_rx_lower_pri',
      ],
    ],
    [
      'the FIFO of another',
      WELL.replace(FIFO, '/run/other.fifo'),
      [
        `warn events: no vrrp_notify_fifo: each event starts a process, and their order may be lost (vrrp_notify_fifo is /run/other.fifo, but the daemon reads ${FIFO})`,
      ],
    ],
    ['no hook', without(/notify "/), ['warn events: no notify: without the daemon, no route moves']],
    [
      'another’s hook',
      WELL.replace('"/usr/bin/vip-switch notify"', 'DIRECTORY/other.sh'),
      ['unknown events: cannot tell whether DIRECTORY/other.sh calls vip-switch'],
    ],
    [
      'no priority changes, no states on reload',
      WELL.replace(/^.*(priority_changes|on_reload).*\n/gm, ''),
      [
        'warn events: no notify_priority_changes: priority changes are noticed late; no fifo_write_vrrp_states_on_reload: after a reload, the state is noticed late',
      ],
    ],
    [
      'no notify_master_rx_lower_pri',
      without(/rx_lower/),
      ['warn lower-priority: no notify_master_rx_lower_pri: without the daemon, a route lost in a blip stays lost'],
    ],
    [
      'the wrong name for it',
      WELL.replace('INSTANCE VI_1 M', 'INSTANCE VI_2 M'),
      [
        'fail lower-priority: /usr/bin/vip-switch notify INSTANCE VI_2 MASTER_RX_LOWER_PRI does not end in INSTANCE VI_1 MASTER_RX_LOWER_PRI',
      ],
    ],
    [
      'something that is not understood',
      `${without(/unicast_peer/)}\n~SEQ(N, 1) x`,
      [
        'unknown unicast: no unicast_peer: EC2 has no multicast, unless in the part that could not be parsed: DIRECTORY/keepalived.conf:12: ~SEQ is not supported',
      ],
    ],
  ])('with %s is told so', (_, text, expected, context) => {
    const found = told(problems(text, context))
    expect(found).toHaveLength(expected.length)
    for (const [index, each] of expected.entries())
      expect(found[index]).toContain(each.replaceAll('DIRECTORY', directory))
  })

  test('may call us by a script of its own', () => {
    const wrapped = WELL.replaceAll('/usr/bin/vip-switch notify', '/bin/sh DIRECTORY/wrapper.sh')
    expect(problems(wrapped)).toEqual([])
  })

  test('is asked for nothing that its keepalived does not know', () => {
    const text = WELL.replace(/^.*(priority_changes|on_reload).*\n/gm, '')
    expect(problems(text, { version: [2, 0, 10] })).toEqual([])
    expect(told(problems(text, { version: [2, 2, 4] }))).toEqual([
      'warn events: no notify_priority_changes: priority changes are noticed late',
    ])
  })

  test('of a sync group is told of by the group, and of a lower priority by its members’ hooks alone', () => {
    const group = WELL.replace('  notify "/usr/bin/vip-switch notify"\n', '').replace('INSTANCE VI_1 M', 'GROUP VG_1 M')
    const text = `${group}\nvrrp_sync_group VG_1 { group { VI_1 }\n notify "/usr/bin/vip-switch notify"\n}`
    expect(problems(text, { name: 'VG_1' })).toEqual([])
    const silent = text.replace(/^.*rx_lower.*\n/m, '')
    expect(told(problems(silent, { name: 'VG_1' }))).toEqual([
      'fail lower-priority: no notify_master_rx_lower_pri: a route lost in a blip stays lost',
    ])
  })

  test('that is not there is told so', () => {
    expect(told(judgeVrrpInstance(undefined, '/etc/keepalived/keepalived.conf', 'VI_1'))).toEqual([
      'fail vrrp-instance: /etc/keepalived/keepalived.conf does not exist',
    ])
  })
})

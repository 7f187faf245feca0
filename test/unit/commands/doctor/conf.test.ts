/** What the doctor makes of a keepalived.conf. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readKeepalivedConf } from '../../../../src/adapters/keepalived/conf/conf.ts'
import type { FifoReader } from '../../../../src/adapters/keepalived/fifo-readers.ts'
import { announcerOf, underDoubt } from '../../../../src/commands/doctor/checks/announcer.ts'
import type { Cluster } from '../../../../src/commands/doctor/checks/cluster.ts'
import { judgeEvents, judgeLowerPriority } from '../../../../src/commands/doctor/checks/events.ts'
import type { Fact } from '../../../../src/commands/doctor/checks/fact.ts'
import { judgeUnicast, judgeVrrpInstance } from '../../../../src/commands/doctor/checks/keepalived-conf.ts'
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

type Context = {
  name?: string
  cluster?: Cluster
  version?: readonly number[]
  readers?: Fact<readonly FifoReader[]>
}

const NO_READERS = { known: true, value: [] } as const

/** What is found in the text, but what is well. */
function problems(text: string, context: Context = {}): Finding[] {
  const { name = 'VI_1', cluster = PAIR, version, readers = NO_READERS } = context
  const path = join(directory, 'keepalived.conf')
  writeFileSync(path, text.replaceAll('DIRECTORY', directory))
  const conf = readKeepalivedConf(path, { configId: 'db-1', version })
  const announcer = announcerOf(conf, name)
  const findings = [
    ...judgeVrrpInstance(conf, path, name),
    ...(announcer
      ? [
          ...judgeUnicast(announcer, cluster),
          ...judgeEvents(announcer, FIFO, version, readers),
          ...judgeLowerPriority(announcer, FIFO),
        ]
      : []),
  ]
  return underDoubt(conf.doubts, findings).filter(({ verdict }) => verdict !== 'ok')
}

const without = (line: RegExp) => WELL.replace(new RegExp(`^.*${line.source}.*\n`, 'm'), '')
const told = (findings: readonly Finding[]) =>
  findings.map(({ check, verdict, found }) => `${verdict} ${check}: ${found}`)

const mended = (findings: readonly Finding[]) =>
  findings.map((each) => {
    const { mend } = each
    const what = mend && ('advice' in mend ? mend.advice : mend.command)
    return `${told([each])[0]}${what ? ` → ${what}` : ''}`
  })

describe('a script that calls us', () => {
  const of = (keyword: string, command: string) => `${keyword} "/usr/bin/vip-switch ${command}"`

  test.each([
    ['notify', '', 'it runs "vip-switch INSTANCE", not "vip-switch notify"', 'notify "/usr/bin/vip-switch notify"'],
    [
      'notify',
      'notify INSTANCE VI_1 MASTER',
      '"INSTANCE" is not a priority: expected a whole number from 0 to 255',
      'notify "/usr/bin/vip-switch notify"',
    ],
    ['notify', 'notify --deadline soon', "option '--deadline <duration>' argument 'soon' is invalid", ''],
    ['notify', 'notify --what', "unknown option '--what'", ''],
    ['notify', 'status', 'it runs "vip-switch status", not "vip-switch notify"', ''],
    [
      'notify_master',
      'notify',
      'notify needs an event',
      'notify_master "/usr/bin/vip-switch notify INSTANCE VI_1 MASTER"',
    ],
    ['notify_backup', 'notify INSTANCE VI_1 MASTER', 'it says MASTER, not BACKUP', 'VI_1 BACKUP"'],
    ['notify_fault', 'notify INSTANCE VI_2 FAULT', 'it tells of VI_2, not VI_1', 'VI_1 FAULT"'],
    ['notify_stop', 'notify VI_1 STOP', '"VI_1" is neither INSTANCE nor GROUP', 'VI_1 STOP"'],
    ['notify_deleted', 'notify INSTANCE VI_1', '"" is not a state', 'VI_1 DELETED"'],
  ])('by %s and the words "%s" is told that it fails, why, and the right line', (keyword, command, why, line) => {
    const others = WELL.replace('notify "/usr/bin/vip-switch notify"', of(keyword, command))
    const [found, ...rest] = problems(others)
    expect(rest).toEqual([])
    expect(found).toMatchObject({ check: 'events', verdict: 'fail', subject: 'VI_1' })
    expect(found?.found).toContain(`${keyword} "/usr/bin/vip-switch ${command}`.trim())
    expect(found?.found).toContain(`fails each time: ${why}`)
    expect(mended(problems(others))[0]).toMatch(/ → in vrrp_instance VI_1, write: /)
    expect(mended(problems(others))[0]).toContain(line)
  })

  test('is well with any right words, also beside another program', () => {
    const words = ['notify -c /etc/db.yaml', 'notify --state-dir /run/x --deadline 20s']
    for (const each of words) expect(problems(WELL.replace('vip-switch notify"', `vip-switch ${each}"`))).toEqual([])
    expect(problems(WELL.replace('"/usr/bin/vip-switch notify"', '"/usr/bin/env A=b vip-switch notify"'))).toEqual([])
  })

  test('of a group tells of the group; of a member, only that a lower node acts as master', () => {
    const member = WELL.replace('INSTANCE VI_1 M', 'GROUP VG_1 M')
    const group = (script: string) => `${member}\nvrrp_sync_group VG_1 { group { VI_1 }\n ${script}\n}`
    expect(mended(problems(group(of('notify', 'notify GROUP VG_1')), { name: 'VG_1' }))).toEqual([
      'fail events: notify "/usr/bin/vip-switch notify GROUP VG_1" fails each time: "GROUP" is not a state: MASTER, BACKUP, FAULT, STOP, DELETED, MASTER_RX_LOWER_PRI → in vrrp_sync_group VG_1, write: notify "/usr/bin/vip-switch notify"',
      'warn events: notify "/usr/bin/vip-switch notify" fails each time: it tells of VI_1, not VG_1 → remove notify from vrrp_instance VI_1: its group VG_1 has its own',
    ])
  })
})

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
        'fail lower-priority: notify_master_rx_lower_pri "/usr/bin/vip-switch notify INSTANCE VI_2 MASTER_RX_LOWER_PRI" fails each time: it tells of VI_2, not VI_1',
      ],
    ],
    [
      'something that is not understood',
      `${without(/unicast_peer/)}\n~SEQ(N) x`,
      [
        'unknown unicast: no unicast_peer: EC2 has no multicast, unless in the part that could not be parsed: DIRECTORY/keepalived.conf:12: ~SEQ cannot be understood',
      ],
    ],
  ])('with %s is told so', (_, text, expected, context) => {
    const found = told(problems(text, context))
    expect(found).toHaveLength(expected.length)
    for (const [index, each] of expected.entries())
      expect(found[index]).toContain(each.replaceAll('DIRECTORY', directory))
  })

  test.each<[string, string, string[], Context?]>([
    [
      'a FIFO before ours, which keepalived keeps',
      WELL.replace('global_defs {', 'global_defs {\nvrrp_notify_fifo /run/monitor.fifo'),
      [
        `warn events: no vrrp_notify_fifo: each event starts a process, and their order may be lost (the first vrrp_notify_fifo is /run/monitor.fifo, and keepalived ignores the other, ${FIFO}) → write notify_fifo ${FIFO} instead: keepalived has one of each`,
      ],
    ],
    [
      'a script of keepalived that reads our FIFO',
      WELL.replace('global_defs {', 'global_defs {\nvrrp_notify_fifo_script "/usr/local/bin/monitor -v"'),
      [
        `warn events: vrrp_notify_fifo_script starts /usr/local/bin/monitor -v, which reads ${FIFO}, too: each event reaches one reader alone, and the daemon hears of it late → remove vrrp_notify_fifo_script, or give it another FIFO with notify_fifo and notify_fifo_script`,
      ],
    ],
    [
      'a process that reads our FIFO',
      WELL,
      [
        `warn events: process 7 (cat) reads ${FIFO}, too: each event reaches one reader alone, and the daemon hears of it late → stop it, or give it another FIFO with notify_fifo in keepalived.conf`,
      ],
      { readers: { known: true, value: [{ pid: 7, command: 'cat' }] } },
    ],
    [
      'readers that cannot be seen',
      WELL,
      [`unknown events: cannot tell who reads ${FIFO}: only root`],
      { readers: { known: false, why: 'only root' } },
    ],
    [
      'a script for MASTER alone',
      WELL.replace(
        'notify "/usr/bin/vip-switch notify"',
        'notify_master "/usr/bin/vip-switch notify INSTANCE VI_1 MASTER"',
      ),
      [
        'warn events: no notify, and no script for BACKUP, FAULT, STOP: without the daemon, nobody hears of that → vip-switch keepalived-config VI_1',
      ],
    ],
  ])('with %s is told so, and what to do', (_, text, expected, context) => {
    expect(mended(problems(text, context))).toEqual(expected)
  })

  test('may have a script for each state instead of one for all', () => {
    const states = ['MASTER', 'BACKUP', 'FAULT', 'STOP']
    const scripts = states.map(
      (each) => `notify_${each.toLowerCase()} "/usr/bin/vip-switch notify INSTANCE VI_1 ${each}"`,
    )
    expect(problems(WELL.replace('notify "/usr/bin/vip-switch notify"', scripts.join('\n')))).toEqual([])
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

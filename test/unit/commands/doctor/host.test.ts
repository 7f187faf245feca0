/** What the doctor makes of a host. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judgeDaemon, judgeVip, type Sysctl } from '../../../../src/commands/doctor/checks/host.ts'
import { judgeKeepalived, type Local } from '../../../../src/commands/doctor/checks/keepalived.ts'
import { examineScriptUsers, tryAccess, tryScript, userOf } from '../../../../src/commands/doctor/checks/script-user.ts'
import type { Finding } from '../../../../src/core/finding.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { requires } from '../../../support/requires.ts'

const told = (findings: readonly Finding[]) => findings.map(({ verdict, found }) => `${verdict} ${found}`)
const is = (value: boolean) => ({ known: true, value }) as const
const unread = { known: false, why: 'EACCES' } as const

describe('a VIP on the host', () => {
  const quiet: Sysctl = { nonlocalBind: is(false), forwarding: is(false) }
  const set = (...addresses: string[]) => ({ known: true, value: addresses }) as const
  const judge = (vip: string, isPresent: boolean, sysctl = quiet, added: Parameters<typeof judgeVip>[2] = set()) =>
    told([judgeVip({ vip: parseVip(vip), isPresent }, sysctl, added, 'VI_1')])[0]

  test.each([
    ['on an interface', judge('10.99.0.10', true), 'ok 10.99.0.10/32 is on an interface'],
    [
      'set by keepalived',
      judge('10.99.0.10', false, quiet, set('10.99.0.10')),
      'ok 10.99.0.10/32 is added by keepalived on becoming MASTER',
    ],
    [
      'nowhere',
      judge('10.99.0.10', false),
      'fail 10.99.0.10/32 is not on any interface, nor a virtual_ipaddress in keepalived.conf',
    ],
    [
      'nowhere, though services may bind to it',
      judge('10.99.0.10', false, { ...quiet, nonlocalBind: is(true) }),
      'fail 10.99.0.10/32 is not on any interface, nor a virtual_ipaddress in keepalived.conf; ip_nonlocal_bind lets services bind to it, but they receive no packets',
    ],
    [
      'perhaps set by keepalived',
      judge('10.99.0.10', false, quiet, unread),
      'unknown 10.99.0.10/32 is not on any interface; cannot tell whether keepalived adds it: EACCES',
    ],
    [
      'a network that is forwarded',
      judge('0.0.0.0/0', false, { ...quiet, forwarding: is(true) }),
      'ok 0.0.0.0/0 is a network, and this host forwards packets',
    ],
    ['a network that is not', judge('::/0', false), 'warn ::/0 is a network, but this host does not forward packets'],
    [
      'a network, and nobody knows',
      judge('0.0.0.0/0', false, { ...quiet, forwarding: unread }),
      'unknown 0.0.0.0/0 is a network; cannot tell whether this host forwards packets: EACCES',
    ],
    ['a prefix list', judge('pl-0a', false), 'skipped pl-0a has entries that are not checked'],
  ])('%s', (_, found, expected) => {
    expect(found).toBe(expected)
  })
})

describe('keepalived', () => {
  const running = { kind: 'running', process: { pid: 7, startTicks: 1 } } as const
  const local = (version: Local['version'], process: Local['process'] = running) =>
    told(judgeKeepalived({ version, process, place: { path: '', configId: '' }, conf: unread }))

  test.each([
    [local({ known: true, value: [2, 2, 7] }), 'ok 2.2.7, process 7'],
    [local({ known: true, value: [2, 10] }), 'ok 2.10, process 7'],
    [
      local({ known: true, value: [1, 3, 5] }),
      'fail 1.3.5 is too old: it cannot report that a lower node acts as master (notify_master_rx_lower_pri)',
    ],
    [local({ known: true, value: [2, 0, 5] }), expect.stringMatching(/^fail 2\.0\.5 is too old/)],
    [local({ known: true, value: undefined }), 'fail not installed: nothing elects a master'],
    [
      local({ known: true, value: [2, 2, 7] }, { kind: 'not-running', reason: 'no pid file' }),
      'fail 2.2.7 is not running: no pid file',
    ],
    [local({ known: true, value: [2, 2, 7] }, { kind: 'unknown', reason: 'hidden' }), 'unknown hidden'],
    [local(unread), 'unknown EACCES'],
  ])('%#', (found, expected) => {
    expect(found).toEqual([expected])
  })
})

describe('the daemon', () => {
  const up = ({ configRejected = null, mute = false }: { configRejected?: string | null; mute?: boolean } = {}) =>
    ({
      kind: 'up',
      status: { configRejected, instances: [{ name: 'VI_1', mute, claim: { state: 'BACKUP' } }] },
    }) as const

  test.each([
    [judgeDaemon(up(), true), 'ok running, with VI_1 BACKUP'],
    [judgeDaemon(up({ configRejected: 'line 3' }), true), 'fail running with an older config: line 3'],
    [
      judgeDaemon(up({ mute: true }), true),
      'fail its claims for VI_1 are not acknowledged: the others cannot see this node',
    ],
    [judgeDaemon({ kind: 'silent', reason: 'still starting', isDenied: false }, true), 'warn still starting'],
    [
      judgeDaemon({ kind: 'down', reason: 'connect ENOENT' }, true),
      'warn not running: hooks move the routes, but nothing repairs them',
    ],
    [
      judgeDaemon({ kind: 'down', reason: 'connect ENOENT' }, false),
      'fail not running, and no hook is known to replace it: nothing moves the routes',
    ],
    [
      judgeDaemon({ kind: 'down', reason: 'connect ENOENT' }, undefined),
      'warn not running; cannot tell whether hooks move the routes, as keepalived.conf could not be parsed',
    ],
    [
      judgeDaemon({ kind: 'silent', reason: 'permission denied: ask as root', isDenied: true }, false),
      'unknown permission denied: ask as root',
    ],
  ])('%#', (findings, expected) => {
    expect(told(findings)).toEqual([expected])
  })
})

describe('the user of the hooks', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
    script('vip-switch', 'exit 0', 0o755)
    script('broken/vip-switch', 'echo "no node here" >&2; exit 127', 0o755)
    script('wrapper.sh', 'exec vip-switch notify "$@"', 0o600)
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  function script(name: string, text: string, mode: number) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`, { mode })
  }
  const own = { name: userInfo().username, uid: userInfo().uid, gid: userInfo().gid }
  const run = (...command: string[]) =>
    tryScript(
      { command: command.map((word) => word.replace('DIRECTORY', directory)), user: undefined },
      own,
      process.env.PATH ?? '',
    )

  test('runs the program, to see that it can', () => {
    expect(run('DIRECTORY/vip-switch', 'notify')).toEqual({ known: true, value: undefined })
    expect(run('DIRECTORY/broken/vip-switch', 'notify')).toEqual({ known: true, value: 'no node here' })
    expect(run('DIRECTORY/nowhere/vip-switch', 'notify')).toMatchObject({ value: expect.stringContaining('ENOENT') })
  })

  test('can read a wrapper and what it is read by, without running it', () => {
    expect(run('/bin/sh', 'DIRECTORY/wrapper.sh')).toEqual({ known: true, value: undefined })
    expect(run('DIRECTORY/nowhere.sh')).toEqual({ known: true, value: `cannot find ${directory}/nowhere.sh` })
  })

  test('is looked up; one that is not there runs nothing', () => {
    expect(userOf({ user: undefined }, own.name)).toEqual(own)
    expect(userOf({ user: own.name }, 'another')).toEqual(own)
    expect(() => userOf({ user: undefined }, 'no-such-user')).toThrow('the user no-such-user does not exist')
  })

  test.skipIf(!requires('root'))('may lack what root has', () => {
    const nobody = userOf({ user: 'nobody' }, undefined)
    chmodSync(directory, 0o700)
    expect(tryAccess(nobody, directory, 'w')).toEqual({ known: true, value: `may not write ${directory}` })
    chmodSync(directory, 0o755)
    expect(tryAccess(nobody, join(directory, 'wrapper.sh'), 'r')).toEqual({
      known: true,
      value: `may not read ${directory}/wrapper.sh`,
    })
    expect(tryAccess(nobody, join(directory, 'vip-switch'), 'x')).toEqual({ known: true, value: undefined })
  })

  test('is judged by all that a hook does, each user and program once', async () => {
    const place = { configPath: '/dev/null', searchPath: '/bin:/usr/bin', scriptUser: own.name }
    const hook = (command: string, user?: string) => ({ command: command.split(' '), user })
    const judge = async (...scripts: Parameters<typeof examineScriptUsers>[0]) =>
      told(await examineScriptUsers(scripts, place))
    expect(await judge(hook('/bin/true a'), hook('/bin/true b'), hook('/bin/true c', own.name))).toEqual([
      `ok ${own.name} can run vip-switch and read its config`,
    ])
    expect(await judge(hook('/bin/true'), hook('/nonexistent/vip-switch notify'), hook('/bin/true', 'no-one'))).toEqual(
      [
        expect.stringMatching(/^fail \S+: cannot run \/nonexistent\/vip-switch: .* no hook works$/),
        'fail the user no-one does not exist',
      ],
    )
    expect(told(await examineScriptUsers([hook('/bin/true')], { ...place, configPath: '/nonexistent' }))).toEqual([
      `fail ${own.name}: cannot find /nonexistent; no hook works`,
    ])
  })
})

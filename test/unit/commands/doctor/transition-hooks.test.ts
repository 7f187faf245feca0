/** What the doctor makes of the commands in the config's hooks. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tried, User } from '../../../../src/commands/doctor/checks/script-user.ts'
import { daemonUser, judgeTransitionHooks } from '../../../../src/commands/doctor/checks/transition-hooks.ts'
import { config as parsed } from '../../../support/parsed-config.ts'

const own: User = { name: userInfo().username, uid: userInfo().uid, gid: userInfo().gid }
const other: User = { name: 'keepalived_script', uid: 991, gid: 991 }
const is = (user: User) => ({ known: true, value: user }) as const

describe('the command of a hook', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
    writeFileSync(join(directory, 'promote'), '#!/bin/sh\n', { mode: 0o755 })
    writeFileSync(join(directory, 'plain'), '#!/bin/sh\n', { mode: 0o644 })
    mkdirSync(join(directory, 'folder'))
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  /** What is found of one, for this very user, and told with the directory's name left out. */
  function judge(
    program: string,
    hook: Parameters<typeof judgeTransitionHooks>[2]['hook'] = undefined,
    ...tryRun: [] | [(user: User, path: string) => Tried]
  ) {
    const path = program.startsWith('/') ? program : join(directory, program)
    const instance = { vips: ['10.99.0.10'], routeTables: ['rtb-0a'], hooks: { owner: { run: [path] } } }
    const config = parsed(JSON.stringify({ cluster: 'db', instances: { VI_1: instance } }))
    return judgeTransitionHooks('VI_1', config, { daemon: is(own), hook }, ...tryRun).map(({ verdict, found, mend }) =>
      [verdict, found, ...Object.values(mend ?? {})].map((text) => text.replaceAll(directory, 'DIR')),
    )
  }

  test('that can be run is well', () => {
    expect(judge('promote', is(own))).toEqual([['ok', 'owner DIR/promote']])
  })

  test('that is not there is named, with the key of the config', () => {
    expect(judge('nowhere')).toEqual([
      [
        'fail',
        `owner: ${own.name} cannot find DIR/nowhere; the hook cannot run`,
        'create DIR/nowhere, or correct instances.VI_1.hooks.owner.run in the config',
      ],
    ])
  })

  test('that is no program is not to be run', () => {
    const advice = (path: string) =>
      `chmod a+x ${path}, and make all its parent directories accessible: namei -l ${path}`
    expect(judge('plain')).toEqual([
      ['fail', `owner: ${own.name} may not run DIR/plain; the hook cannot run`, advice('DIR/plain')],
    ])
    expect(judge('folder')).toEqual([['fail', expect.stringContaining('it is a directory'), advice('DIR/folder')]])
  })

  test('that the script user alone may not run is missed where no daemon is', () => {
    const tried = (user: User, path: string): Tried => ({
      known: true,
      value: user === other ? `may not run ${path}` : undefined,
    })
    expect(judge('promote', is(other), tried)).toEqual([
      [
        'warn',
        'owner: keepalived_script may not run DIR/promote; the hook cannot run without the daemon',
        expect.any(String),
      ],
    ])
  })

  test('that the daemon is kept from is not well', () => {
    const [finding] = judge('/root/bin/promote', undefined, () => ({ known: true, value: undefined }))
    expect(finding?.slice(0, 2)).toEqual([
      'warn',
      'owner: /root/bin/promote is hidden from the daemon by its unit’s default ProtectHome',
    ])
  })

  test('that cannot be tried is not known', () => {
    const why = 'only root can check what root may do: run this with sudo'
    expect(judge('promote', undefined, () => ({ known: false, why }))).toEqual([['unknown', `owner: ${why}`]])
    expect(judge('promote', { known: false, why: 'the user x does not exist' })).toEqual([
      ['unknown', 'owner: the user x does not exist'],
    ])
  })
})

test('the daemon is the owner of its socket, and where there is none, root', async () => {
  expect(await daemonUser(import.meta.filename)).toEqual(is(own))
  expect(await daemonUser('/nowhere/control.sock')).toMatchObject({ known: true, value: { name: 'root', uid: 0 } })
})

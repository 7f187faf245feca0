/** What root and the hooks' user write, and that nobody leads them elsewhere. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative as relativePath } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type LoggedProcess, startLogged } from '../../../src/lab/logged-process.ts'
import { inDirectory, tell } from '../../support/daemon.ts'
import { startEndpointForEachTest } from '../../support/endpoint.ts'
import { BACKUP, both, eniOf, setTarget, targets } from '../../support/node.ts'
import { requires } from '../../support/requires.ts'
import {
  contentsOf,
  inState,
  MEMBER,
  makeHooksDirectory,
  makeState,
  ROOT,
  runHook,
  SCRIPT_USER,
  startRootDaemon,
  writeStateConfig,
} from '../../support/state-users.ts'
import { type Call, callsIn, traced } from '../../support/syscalls.ts'

startEndpointForEachTest()

const seen = (check: () => void) => vi.waitFor(check, 15_000)

/** Hooks before any daemon, a daemon that moves the routes, a hook that hands over to it, one of root's, and its end. */
async function workTogether(before: (name: string) => string[] = () => []): Promise<void> {
  await runHook(SCRIPT_USER, BACKUP, before('hooks'))
  const daemon = await startRootDaemon(before('root'))
  await daemon.line(/"msg":"started"/)
  setTarget('private-a', { field: 'networkInterfaceId', id: eniOf('db-2') })
  tell('MASTER', 'run/vip-switch/notify.fifo')
  await seen(() => expect(targets()).toEqual(both(eniOf('db-1'))))
  await daemon.line(/hook master: done/)
  await runHook(SCRIPT_USER, BACKUP, before('hooks'))
  await daemon.stop()
  await runHook(ROOT, BACKUP, before('root'))
}

/** As a list is read: what differs from run to run is `#`. */
function relative({ name, path }: Call): string {
  const inRun = relativePath(inState(), path) || '.'
  return `${name} ${inRun.replaceAll(/[0-9a-f-]{36}_\d+_\d+_/g, '#_').replaceAll(/\.\d+\.unfinished/g, '.#.unfinished')}`
}

/** Devices, and sockets without a path, as netlink's. */
const isOfNoUse = ({ path }: Call) => /^\/(dev|proc)\/|(^|\/)socket:\[\d+\]$/.test(path)

describe.skipIf(!requires('root') || !requires('strace'))('what is written', () => {
  test('by root is in the state directory, by the hooks in theirs; all of it is known, and none of it follows a link', async () => {
    writeStateConfig()
    const traces = inDirectory('traces')
    mkdirSync(traces)
    chmodSync(traces, 0o777)
    const trace = (name: string) => traced(join(traces, name))
    mkdirSync(dirname(inState()))
    const first = await startRootDaemon(trace('root'))
    await first.line(/"msg":"started"/)
    await first.stop()
    rmSync(inState(), { recursive: true })
    makeHooksDirectory()
    writeFileSync(inState('hooks/notify.log'), 'x'.repeat(1_100_000))
    chownSync(inState('hooks/notify.log'), SCRIPT_USER.uid, SCRIPT_USER.gid)
    await workTogether(trace)

    const [root = [], hooks = []] = ['root', 'hooks'].map((name) =>
      callsIn(traces, name).filter((call) => !isOfNoUse(call)),
    )
    expect([...new Set(root.map(relative))].sort()).toEqual(CALLS_OF_ROOT)
    expect([...new Set(hooks.map(relative))].sort()).toEqual(CALLS_OF_HOOKS)
    for (const { name, path, flags } of [...root, ...hooks]) {
      expect(['chmod', 'fchmodat', 'chown', 'lchown', 'fchownat', 'truncate'], path).not.toContain(name)
      if (name === 'open') {
        expect(
          flags.some((flag) => flag === 'O_NOFOLLOW' || flag === 'O_EXCL'),
          path,
        ).toBe(true)
      }
    }
  }, 60_000)
})

const CALLS_OF_ROOT = [
  'bind control.sock',
  'fchown hooks',
  'ftruncate notify.fifo.lock',
  'mkdir .',
  'mkdir VI_1.events',
  'mkdir hooks',
  'mknod notify.fifo',
  'open VI_1.events/#_BACKUP',
  'open VI_1.hook.#.unfinished',
  'open VI_1.view.#.unfinished',
  'open config.json.#.unfinished',
  'open history.jsonl',
  'open notify.fifo.lock',
  'open notify.log',
  'rename VI_1.events/#_BACKUP',
  'rename VI_1.events/#_BACKUP_done',
  'rename VI_1.hook',
  'rename VI_1.hook.#.unfinished',
  'rename VI_1.view',
  'rename VI_1.view.#.unfinished',
  'rename config.json',
  'rename config.json.#.unfinished',
  'unlink control.sock',
]
const CALLS_OF_HOOKS = [
  'mkdir hooks/VI_1.events',
  'open hooks/VI_1.events/#_BACKUP',
  'open hooks/VI_1.hook.#.unfinished',
  'open hooks/VI_1.view.#.unfinished',
  'open hooks/config.json.#.unfinished',
  'open hooks/history.jsonl',
  'open hooks/notify.log',
  'rename hooks/VI_1.events/#_BACKUP',
  'rename hooks/VI_1.events/#_BACKUP_done',
  'rename hooks/VI_1.hook',
  'rename hooks/VI_1.hook.#.unfinished',
  'rename hooks/VI_1.view',
  'rename hooks/VI_1.view.#.unfinished',
  'rename hooks/config.json',
  'rename hooks/config.json.#.unfinished',
  'rename hooks/notify.log',
  'rename hooks/notify.log.old',
  'unlink hooks/VI_1.events/#_BACKUP_done',
]

/** Those whose names are known before; and those of an earlier version. */
const NAMES = [
  ...new Set([...CALLS_OF_ROOT, ...CALLS_OF_HOOKS].map((call) => call.split(' ')[1] ?? '')),
  ...['events', 'views', 'notify.log.old'],
].filter((name) => name !== '.' && !name.includes('#'))
const IN_STATE = NAMES.filter((name) => !name.includes('/'))
const IN_HOOKS = NAMES.filter((name) => name.startsWith('hooks/'))

/** What somebody else's would do harm to, or be made there: nothing of it may change. */
function makeVictims(): void {
  for (const [name, { uid, gid }] of [
    ['root', ROOT],
    ['hooks', SCRIPT_USER],
  ] as const) {
    const inVictims = (path: string) => inDirectory(`victims/${name}/${path}`)
    mkdirSync(inVictims('directory'), { recursive: true })
    writeFileSync(inVictims('file'), 'precious')
    chmodSync(inVictims('file'), 0o640)
    for (const path of ['.', 'file', 'directory']) chownSync(inVictims(path), uid, gid)
  }
}

/** What others may leave at a path. */
const PLANTS: Readonly<Record<string, (path: string, victim: string) => void>> = {
  'a link to a file': (path, victim) => symlinkSync(join(victim, 'file'), path),
  'a link to what is not there': (path, victim) => symlinkSync(join(victim, 'new'), path),
  'a link to a directory': (path, victim) => symlinkSync(join(victim, 'directory'), path),
  'another name of a file': (path, victim) => linkSync(join(victim, 'file'), path),
  'a file of theirs': (path) => writeFileSync(path, 'theirs', { mode: 0o666 }),
  'a FIFO': (path) => execFileSync('mkfifo', [path]),
  'a directory': (path) => mkdirSync(path),
}

function plant(kind: string, names: readonly string[], victim: string): void {
  for (const name of names) {
    PLANTS[kind]?.(inState(name), inDirectory(`victims/${victim}`))
    if (kind !== 'another name of a file') lchownSync(inState(name), MEMBER.uid, MEMBER.gid)
  }
}

describe.skipIf(!requires('root'))('where others of the group could write before', () => {
  describe.each([
    ['root’s, as the daemon’s unit made it', { uid: 0, gid: SCRIPT_USER.gid }],
    ['the hooks’, as the preflight unit made it', SCRIPT_USER],
  ])('a state directory that is %s', (_, owner) => {
    test.each(Object.keys(PLANTS))(
      'and has %s at every name is taken over, and leads root nowhere',
      async (kind) => {
        writeStateConfig()
        makeState(owner, 0o775)
        makeVictims()
        const before = contentsOf(inDirectory('victims'))
        // No directory is removed: that of a socket, a FIFO or a lock is said to be in the way.
        const isTakeable = (name: string) => kind !== 'a directory' || !/^(control|notify\.fifo)/.test(name)
        plant(kind, IN_STATE.filter(isTakeable), 'root')
        await workTogether()
        expect(contentsOf(inDirectory('victims'))).toEqual(before)
        expect(statSync(inState())).toMatchObject({ uid: 0, mode: 0o040755 })
      },
      30_000,
    )
  })

  test.each(Object.keys(PLANTS))(
    'hooks whose directory has %s at every name go on, and are led nowhere',
    async (kind) => {
      writeStateConfig()
      makeState(ROOT, 0o755)
      mkdirSync(inState('hooks'))
      chownSync(inState('hooks'), 0, SCRIPT_USER.gid)
      chmodSync(inState('hooks'), 0o775)
      makeVictims()
      const before = contentsOf(inDirectory('victims'))
      plant(kind, IN_HOOKS, 'hooks')
      await workTogether()
      expect(contentsOf(inDirectory('victims'))).toEqual(before)
    },
    30_000,
  )
})

/** Puts links to what is root's at each of these names, again and again, until it is killed. */
const RACER = `
  const { renameSync, rmSync, symlinkSync } = require('node:fs')
  const [directory, victim, ...names] = process.argv.slice(1)
  console.log('racing')
  for (let round = 0; ; round++) {
    for (const name of names) {
      try {
        const link = directory + '/racer.' + round + '.unfinished'
        symlinkSync(victim + (round % 2 ? '/file' : '/directory'), link)
        try {
          renameSync(link, directory + '/' + name)
        } catch {
          rmSync(link)
          renameSync(directory + '/' + name, directory + '/racer.unfinished')
        }
      } catch {}
    }
  }`

async function race(path: string, victim: string, names: readonly string[]): Promise<LoggedProcess> {
  const asMember = ['setpriv', `--reuid=${MEMBER.uid}`, `--regid=${MEMBER.gid}`, '--clear-groups']
  const command = [process.execPath, '-e', RACER, path, inDirectory(`victims/${victim}`), ...names]
  const racer = await startLogged([...asMember, ...command], {})
  onTestFinished(racer.kill)
  await racer.line(/racing/)
  return racer
}

describe.skipIf(!requires('root'))('one of the group who races', () => {
  test('a daemon that starts in a directory of an earlier version changes nothing of root’s', async () => {
    writeStateConfig()
    makeVictims()
    const before = contentsOf(inDirectory('victims'))
    for (let round = 0; round < 6; round++) {
      makeState({ uid: 0, gid: SCRIPT_USER.gid }, 0o775)
      const racer = await race(inState(), 'root', IN_STATE)
      const daemon = await startRootDaemon()
      await daemon.line(/"msg":"started"/)
      await daemon.stop()
      racer.kill()
      await racer.exited
      expect(contentsOf(inDirectory('victims'))).toEqual(before)
      rmSync(inState(), { recursive: true })
    }
  }, 60_000)

  test('hooks in the directory of their group changes nothing of theirs, or of root’s', async () => {
    writeStateConfig()
    makeVictims()
    const before = contentsOf(inDirectory('victims'))
    makeState(ROOT, 0o755)
    mkdirSync(inState('hooks'))
    chownSync(inState('hooks'), 0, SCRIPT_USER.gid)
    chmodSync(inState('hooks'), 0o775)
    const racer = await race(
      inState('hooks'),
      'hooks',
      IN_HOOKS.map((name) => basename(name)),
    )
    for (let round = 0; round < 6; round++) await Promise.all([ROOT, SCRIPT_USER].map((user) => runHook(user, BACKUP)))
    // The directory is removed before processes are ended.
    racer.kill()
    await racer.exited
    expect(contentsOf(inDirectory('victims'))).toEqual(before)
  }, 60_000)
})

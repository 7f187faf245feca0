/** Who keeps state where, and what leads nobody elsewhere. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { loadKnownRoutes, saveKnownRoutes } from '../../../src/agent/node/known-routes.ts'
import { inDirectory, readFound, underUmask, writeAtomically } from '../../../src/state/directory.ts'
import { inOwnState, inOwnStateOf, keepState, keptState, prepareState } from '../../../src/state/state-directory.ts'
import { rtb } from '../../support/fixtures.ts'
import { config as configOf } from '../../support/parsed-config.ts'
import { requires } from '../../support/requires.ts'

/** The hooks' user. */
const ID = 64_000

let directory: string
const at = (...path: string[]) => join(directory, ...path)
const state = () => at('state')
const modeOf = (path: string) => statSync(path).mode & 0o7777
const ownerOf = (path: string) => statSync(path).uid

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'vip-switch-test-')))
  chmodSync(directory, 0o755)
})
afterEach(() => rmSync(directory, { recursive: true }))

/** Runs `act` with the rights of the hooks' user. */
function asScriptUser<Value>(act: () => Value): Value {
  process.setegid?.(ID)
  process.seteuid?.(ID)
  try {
    return act()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

/** Until the test ends. */
function setUmask(umask: number): void {
  const before = process.umask(umask)
  onTestFinished(() => void process.umask(before))
}

function makeState(uid: number, mode: number, gid = uid): void {
  mkdirSync(state())
  chownSync(state(), uid, gid)
  chmodSync(state(), mode)
}

describe('a file', () => {
  test.each(['another', 'not-there'])('is written through no link that was put in its way, to what is %s', (name) => {
    writeFileSync(at('another'), 'as it was')
    for (const link of ['file', `file.${process.pid}.unfinished`]) symlinkSync(at(name), at(link))
    inDirectory(directory, (each) => writeAtomically(each, 'file', 'new'))
    expect(readFileSync(at('file'), 'utf8')).toBe('new')
    expect(readFileSync(at('another'), 'utf8')).toBe('as it was')
    expect(readdirSync(directory).sort()).toEqual(['another', 'file'])
  })

  test.each([0o000, 0o077])('and its directory have their modes from the start, with the umask %s', (umask) => {
    setUmask(umask)
    keepState(state(), 'file', 'text')
    keepState(state(), 'secret', 'text', 0o640)
    expect([state(), at('state/file'), at('state/secret')].map(modeOf)).toEqual([0o755, 0o644, 0o640])
    expect(process.umask()).toBe(umask)
  })

  test('that cannot be written whole leaves nothing behind, and the error names where it was to be', () => {
    mkdirSync(at('state/file'), { recursive: true })
    writeFileSync(at('state/file/in'), '')
    expect(() => keepState(state(), 'file', 'text')).toThrow(`rename '${state()}/file.`)
    expect(readdirSync(state())).toEqual(['file'])
  })

  test('that others may have put there is read if it is one, and no longer than it should be', () => {
    writeFileSync(at('file'), 'text')
    symlinkSync('file', at('link'))
    execFileSync('mkfifo', [at('fifo')])
    expect(readFound(at('file'), 4)?.text).toBe('text')
    expect(readFound(at('file'), 3)).toBeUndefined()
    expect(readFound(at('fifo'), 4)).toBeUndefined()
    expect(readFound(directory, 4)).toBeUndefined()
    expect(() => readFound(at('link'), 4)).toThrow('ELOOP')
  })
})

describe.skipIf(!requires('root'))('the hooks’ user keeps state', () => {
  test('in `hooks` where the directory is root’s, and root reads it', () => {
    makeState(0, 0o755)
    mkdirSync(at('state/hooks'))
    chownSync(at('state/hooks'), ID, ID)
    asScriptUser(() => keepState(state(), 'file', 'theirs'))
    expect(readdirSync(state())).toEqual(['hooks'])
    keepState(state(), 'file', 'root’s')
    const both = [
      [0, 'root’s'],
      [ID, 'theirs'],
    ]
    const found = () => keptState(state(), 'file').map(({ stat, text }) => [stat.uid, text])
    expect(found()).toEqual(both)
    expect(asScriptUser(found)).toEqual(both)
  })

  test('in the directory itself where it is that user’s', () => {
    chownSync(directory, ID, ID)
    asScriptUser(() => keepState(state(), 'file', 'theirs'))
    expect(readdirSync(state())).toEqual(['file'])
    expect(ownerOf(state())).toBe(ID)
  })

  test('nowhere where that is another’s, or a link', () => {
    makeState(0, 0o755)
    mkdirSync(at('state/hooks'))
    chownSync(at('state/hooks'), 7, 7)
    const keep = () => asScriptUser(() => keepState(state(), 'file', 'theirs'))
    expect(keep).toThrow(`${state()}/hooks is owned by uid 7`)
    rmSync(at('state/hooks'), { recursive: true })
    expect(keep).toThrow(`EACCES: permission denied, mkdir '${state()}/hooks'`)
    mkdirSync(at('theirs'))
    chownSync(at('theirs'), ID, ID)
    symlinkSync(at('theirs'), at('state/hooks'))
    expect(keep).toThrow('ENOTDIR')
    expect(readdirSync(at('theirs'))).toEqual([])
  })
})

describe.skipIf(!requires('root'))('root keeps state', () => {
  test('in a directory that it makes, with one for the hooks of its group', () => {
    process.setegid?.(ID)
    onTestFinished(() => process.setegid?.(0))
    expect(prepareState(state())).toBe(false)
    expect([ownerOf(state()), modeOf(state())]).toEqual([0, 0o755])
    expect(statSync(at('state/hooks'))).toMatchObject({ uid: 0, gid: ID, mode: 0o040775 })
    asScriptUser(() => keepState(state(), 'file', 'theirs'))
    expect(ownerOf(at('state/hooks/file'))).toBe(ID)
  })

  test.each([
    ['its owner', ID, 0o755],
    ['its group', 0, 0o775],
    ['anybody', 0, 0o777],
  ])('in one that %s could write once it is root’s alone, and who could has another in it', (_, uid, mode) => {
    makeState(uid, mode, ID)
    expect(prepareState(state())).toBe(true)
    expect([ownerOf(state()), modeOf(state())]).toEqual([0, 0o755])
    asScriptUser(() => keepState(state(), 'file', 'theirs'))
    expect(readFileSync(at('state/hooks/file'), 'utf8')).toBe('theirs')
    expect(prepareState(state())).toBe(false)
  })

  test.each([
    ['holds what is not ours', () => writeFileSync(at('state/precious'), ''), 0o775],
    ['is everybody’s, as /tmp', () => {}, 0o1777],
  ])('in none that %s, and does not change it', (_, change, mode) => {
    makeState(0, mode)
    change()
    expect(() => keepState(state(), 'file', 'text')).toThrow('users other than root may write there')
    expect(modeOf(state())).toBe(mode)
    expect(existsSync(at('state/file'))).toBe(false)
  })

  test('in none below a directory of others', () => {
    chmodSync(directory, 0o775)
    expect(() => keepState(state(), 'file', 'text')).toThrow(`${directory} has mode 0775`)
    expect(readdirSync(directory)).toEqual([])
    chmodSync(directory, 0o755)
    mkdirSync(at('open'))
    chmodSync(at('open'), 0o777)
    symlinkSync(directory, at('open/link'))
    expect(() => keepState(at('open/link/state'), 'file', 'text')).toThrow(`${at('open')} has mode 0777`)
  })

  test('in a directory of theirs in its own once it is root’s alone', () => {
    makeState(0, 0o755)
    mkdirSync(at('state/VI_1.events'))
    chownSync(at('state/VI_1.events'), ID, ID)
    inOwnStateOf(state(), 'VI_1.events', ({ path }) => writeFileSync(join(path, 'event'), ''))
    expect([ownerOf(at('state/VI_1.events')), modeOf(at('state/VI_1.events'))]).toEqual([0, 0o755])
  })

  test('where it was opened, whatever becomes of its name', () => {
    makeState(0, 0o755)
    inOwnState(state(), (opened) => {
      rmSync(state(), { recursive: true })
      mkdirSync(at('another'))
      symlinkSync(at('another'), state())
      expect(() => writeAtomically(opened, 'file', 'text')).toThrow('ENOENT')
    })
    expect(readdirSync(at('another'))).toEqual([])
  })
})

describe.skipIf(!requires('root'))('a view', () => {
  const config = configOf(
    'cluster: db\ninstances:\n  VI_1: { vips: [10.99.0.10], routeTables: [{ name: private-a }] }\n',
  )
  const save = (table: string) => saveKnownRoutes(state(), 'VI_1', config, { tables: [rtb(table)], foreign: [] })
  const tables = () => loadKnownRoutes(state(), 'VI_1', config)?.tables
  beforeEach(() => {
    makeState(0, 0o755)
    mkdirSync(at('state/hooks'))
    chownSync(at('state/hooks'), ID, ID)
  })
  /** Seconds since the epoch. */
  const touch = (path: string, seconds: number) => utimesSync(at('state', path), seconds, seconds)

  test('of the hooks’ user names no table to root, however new it is', () => {
    asScriptUser(() => save('rtb-0b'))
    expect(tables()).toBeUndefined()
    save('rtb-0a')
    touch('VI_1.view', 1)
    expect(tables()).toEqual(['rtb-0a'])
  })

  test('is to the hooks’ user the newest of root’s and their own', () => {
    save('rtb-0a')
    asScriptUser(() => save('rtb-0b'))
    touch('VI_1.view', 100)
    touch('hooks/VI_1.view', 200)
    expect(asScriptUser(tables)).toEqual(['rtb-0b'])
    touch('VI_1.view', 300)
    expect(asScriptUser(tables)).toEqual(['rtb-0a'])
  })
})

test('the umask is what it was, whatever happens under another', () => {
  setUmask(0o027)
  expect(() => underUmask(0o117, () => JSON.parse('{'))).toThrow()
  expect(process.umask()).toBe(0o027)
})

/** Many processes that append to the history at once, and directories that others have prepared for them. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { execa } from 'execa'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { appendLines } from '../../../src/history/append.ts'
import { type Entry, lineOf } from '../../../src/history/entry.ts'
import { readHistory } from '../../../src/history/read.ts'
import { FULL_BYTES, isSegment, MOST_BYTES, NEWEST, segmentName } from '../../../src/history/segments.ts'
import { requires } from '../../support/requires.ts'

const SOURCE = fileURLToPath(new URL('../../../src/history/append.ts', import.meta.url))
const HEAD = { at: 0, by: 'hook', instance: 'VI_1', eni: null } as const
const numbered = (reason: string): Entry => ({
  ...{ ...HEAD, kind: 'decision', condition: 'OK', action: 'none', intended: null, reason },
})

/** Appends numbered lines, one by one: argv holds the module, the directory, a name, how many, and a line. */
const WORKER = `
  const { appendLines } = await import(process.argv[1])
  const [directory, name, count, line] = process.argv.slice(2)
  for (let number = 0; number < Number(count); number++)
    await appendLines([directory], [line.replace('NUMBER', name + '-' + number) + '\\n'])
`

let bundled: string
let directory: string

beforeAll(async () => {
  bundled = join(mkdtempSync(join(tmpdir(), 'vip-switch-append-')), 'append.mjs')
  await build({ entryPoints: [SOURCE], bundle: true, platform: 'node', format: 'esm', outfile: bundled })
  return () => rmSync(join(bundled, '..'), { recursive: true })
})
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-history-'))
  chmodSync(directory, 0o755)
})
afterEach(() => rmSync(directory, { recursive: true }))

const append = (name: string, count: number, line: string, uid = 0) =>
  execa(process.execPath, ['--input-type=module', '-e', WORKER, bundled, directory, name, `${count}`, line], {
    ...(uid > 0 && { uid, gid: uid }),
    env: { PATH: process.env.PATH },
    extendEnv: false,
  })
const reasons = () =>
  readHistory([directory]).entries.map((entry) => ('reason' in entry ? entry.reason.replace(/ .*/s, '') : entry.kind))
const expected = (names: readonly string[], count: number) =>
  names.flatMap((name) => Array.from({ length: count }, (_, number) => `${name}-${number}`))

describe('many processes at once', () => {
  test('lose no line, and each is whole', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    await Promise.all(names.map((name) => append(name, 100, lineOf(numbered('NUMBER')).trim())))
    expect(reasons().sort()).toEqual(expected(names, 100).sort())
    expect(readdirSync(directory)).toEqual([NEWEST])
  }, 60_000)

  test('lose none when files are full, and each has a part of it', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const count = Math.floor((3 * FULL_BYTES) / names.length / 1200)
    const line = lineOf(numbered(`NUMBER ${'x'.repeat(1000)}`)).trim()
    await Promise.all(names.map((name) => append(name, count, line)))
    expect(reasons().sort()).toEqual(expected(names, count).sort())
    expect(readdirSync(directory).filter(isSegment).length).toBeGreaterThanOrEqual(3)
  }, 120_000)
})

describe('the files', () => {
  const sizes = () => readdirSync(directory).map((name) => statSync(join(directory, name)).size)

  test('are bounded: the oldest lines go first', async () => {
    const line = lineOf(numbered('x'.repeat(1100)))
    for (let round = 0; round < 6; round++) {
      await appendLines([directory], [lineOf(numbered(`round-${round}`)), ...Array(1000).fill(line)])
    }
    expect(sizes().reduce((sum, each) => sum + each, 0)).toBeLessThan(MOST_BYTES + 2 * FULL_BYTES)
    const rounds = reasons().filter((reason) => reason.startsWith('round'))
    expect(rounds.at(-1)).toBe('round-5')
    expect(rounds).not.toContain('round-0')
  })

  test('can be read by everyone, and written by their owner alone, whatever the umask', async () => {
    const before = process.umask(0o077)
    try {
      await appendLines([directory], [lineOf(numbered('a'))])
    } finally {
      process.umask(before)
    }
    expect(statSync(join(directory, NEWEST)).mode & 0o777).toBe(0o644)
  })

  test('go on after a line that was torn', async () => {
    writeFileSync(join(directory, NEWEST), `${lineOf(numbered('a'))}${lineOf(numbered('torn')).slice(0, 30)}`)
    await appendLines([directory], [lineOf(numbered('b'))])
    expect(reasons()).toEqual(['a', 'b'])
  })

  test('are made again where the directory was removed', async () => {
    await appendLines([directory], [lineOf(numbered('a'))])
    rmSync(directory, { recursive: true })
    await appendLines([directory], [lineOf(numbered('b'))])
    expect(reasons()).toEqual(['b'])
  })
})

describe('what others have planted is refused', () => {
  const target = () => join(directory, 'target')
  beforeEach(() => mkdirSync(join(directory, 'hooks')))

  test.each([
    ['a link', () => symlinkSync(target(), join(directory, NEWEST))],
    ['a hard link', () => execa('ln', [target(), join(directory, NEWEST)])],
    ['a FIFO that nobody reads', () => execa('mkfifo', [join(directory, NEWEST)])],
    ['a directory', () => mkdirSync(join(directory, NEWEST))],
  ])('%s', async (_, plant) => {
    writeFileSync(target(), 'precious\n')
    await plant()
    await expect(appendLines([directory], [lineOf(numbered('a'))])).rejects.toThrow()
    expect(readFileSync(target(), 'utf8')).toBe('precious\n')
  })

  test('and is not read', () => {
    writeFileSync(join(directory, 'secret'), lineOf(numbered('secret')))
    symlinkSync(join(directory, 'secret'), join(directory, 'hooks', NEWEST))
    symlinkSync(join(directory, 'secret'), join(directory, 'hooks', segmentName(1, 1)))
    const { entries, unread } = readHistory([directory])
    expect(entries).toEqual([])
    expect(unread).toHaveLength(2)
  })
})

describe.skipIf(process.geteuid?.() !== 0)('a hook of another user', () => {
  const USER = 64_000

  test('writes to the hooks’ directory in it, and both are read', async () => {
    mkdirSync(join(directory, 'hooks'), 0o755)
    await execa('chown', [`${USER}:${USER}`, join(directory, 'hooks')])
    chmodSync(join(bundled, '..'), 0o755)
    await appendLines([directory], [lineOf(numbered('roots'))])
    await append('hooks', 1, lineOf(numbered('NUMBER')).trim(), USER)
    expect(statSync(join(directory, 'hooks', NEWEST)).uid).toBe(USER)
    expect(reasons().sort()).toEqual(['hooks-0', 'roots'])
  }, 30_000)

  test('may not write to root’s', async () => {
    chmodSync(join(bundled, '..'), 0o755)
    const run = append('hooks', 1, lineOf(numbered('NUMBER')).trim(), USER)
    await expect(run).rejects.toThrow('EACCES')
    expect(existsSync(join(directory, NEWEST))).toBe(false)
  }, 30_000)
})

test('lines go to the first directory that can be written, and the error is of the first', async () => {
  const nowhere = '/dev/null/nowhere'
  await appendLines([nowhere, directory], [lineOf(numbered('a'))])
  expect(reasons()).toEqual(['a'])
  await expect(appendLines([nowhere, '/dev/zero/elsewhere'], ['a\n'])).rejects.toThrow('/dev/null')
})

describe.skipIf(!requires('overlay'))('on a full disk', () => {
  test('a line that does not fit is an error, and the next one that does is whole', async () => {
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=8k,mode=755', 'tmpfs', directory])
    try {
      const line = lineOf(numbered('x'.repeat(1000)))
      const fill = async () => {
        for (;;) await appendLines([directory], [line])
      }
      await expect(fill()).rejects.toThrow(/ENOSPC|the disk is full/)
      await execa('mount', ['-o', 'remount,size=64k', directory])
      await appendLines([directory], [lineOf(numbered('later'))])
      expect(reasons().at(-1)).toBe('later')
      expect(new Set(reasons())).toEqual(new Set(['x'.repeat(1000), 'later']))
    } finally {
      await execa('umount', [directory])
    }
  })
})

/** Who besides root and this user may change what a path leads to. */
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { weaknessOf } from '../../../src/state/trusted-path.ts'
import { requires } from '../../support/requires.ts'

let directory: string
const at = (...path: string[]) => join(directory, ...path)
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'vip-switch-trust-')))
  mkdirSync(at('etc/vip-switch'), { recursive: true })
  writeFileSync(at('etc/vip-switch/config.yaml'), '')
})
afterEach(() => rmSync(directory, { recursive: true }))

const found = (path = at('etc/vip-switch/config.yaml')) => {
  const weakness = weaknessOf(path)
  return weakness && [weakness.path.slice(directory.length + 1), weakness.why]
}

test('nobody, where every directory on the way and the file are root’s or this user’s, and for them to write', () => {
  expect(found()).toBeUndefined()
  chmodSync(at('etc'), 0o755)
  expect(found()).toBeUndefined()
})

describe('somebody', () => {
  test.each([
    ['etc/vip-switch/config.yaml', 0o664, '0664'],
    ['etc/vip-switch/config.yaml', 0o646, '0646'],
    ['etc/vip-switch', 0o775, '0775'],
    ['etc', 0o757, '0757'],
  ])('who may write to %s by its mode', (path, mode, text) => {
    chmodSync(at(path), mode)
    expect(found()).toEqual([path, `has mode ${text}`])
  })

  test.skipIf(!requires('root')).each(['etc', 'etc/vip-switch', 'etc/vip-switch/config.yaml'])(
    'who owns %s',
    (path) => {
      chownSync(at(path), 7, 0)
      expect(found()).toEqual([path, 'is owned by uid 7'])
    },
  )

  test.skipIf(!requires('root'))('who may put another link there', () => {
    mkdirSync(at('open'))
    chmodSync(at('open'), 0o777)
    symlinkSync(at('etc'), at('open/etc'))
    expect(found(at('open/etc/vip-switch/config.yaml'))).toEqual(['open', 'has mode 0777'])
    chmodSync(at('open'), 0o1777)
    expect(found(at('open/etc/vip-switch/config.yaml'))).toBeUndefined()
    lchownSync(at('open/etc'), 7, 7)
    expect(found(at('open/etc/vip-switch/config.yaml'))).toEqual(['open/etc', 'is owned by uid 7'])
  })

  test('who may change what a link leads to', () => {
    symlinkSync('etc/vip-switch', at('link'))
    expect(found(at('link/config.yaml'))).toBeUndefined()
    chmodSync(at('etc/vip-switch'), 0o775)
    expect(found(at('link/config.yaml'))).toEqual(['etc/vip-switch', 'has mode 0775'])
  })
})

test('a sticky directory is everybody’s, and the files in it are their owners’', () => {
  chmodSync(at('etc/vip-switch'), 0o1777)
  expect(found()).toBeUndefined()
})

test('what is not there, or leads nowhere, is nobody’s', () => {
  expect(found(at('nowhere/at/all'))).toBeUndefined()
  symlinkSync('round', at('round'))
  expect(found(at('round'))).toBeUndefined()
})

test('what mends it can be given to a shell', () => {
  mkdirSync(at('a b'))
  chmodSync(at('a b'), 0o775)
  expect(weaknessOf(at('a b'))?.cure).toBe(`sudo chmod go-w '${at('a b')}'`)
})

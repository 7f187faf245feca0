import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { assertNew, createFiles } from '../../../src/config/new-files.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-files-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const FILES = new Map([
  ['a', 'one\n'],
  ['b', 'two\n'],
])

test('all are made, and their directory', () => {
  const below = join(directory, 'etc', 'vip-switch')
  createFiles(below, FILES)
  expect(readdirSync(below)).toEqual(['a', 'b'])
  expect(readFileSync(join(below, 'b'), 'utf8')).toBe('two\n')
})

test('none is made where one is there, which stays as it is', () => {
  writeFileSync(join(directory, 'b'), 'mine')
  expect(() => assertNew(directory, ['a', 'b'])).toThrow(`${join(directory, 'b')} exists already`)
  expect(() => createFiles(directory, FILES)).toThrow('nothing was written')
  expect(readdirSync(directory)).toEqual(['b'])
  expect(readFileSync(join(directory, 'b'), 'utf8')).toBe('mine')
})

test('those that were made are taken back where another cannot be: a link to nowhere is in the way, too', () => {
  symlinkSync('/nonexistent/target', join(directory, 'b'))
  expect(() => createFiles(directory, FILES)).toThrow(`${join(directory, 'b')} exists already`)
  expect(readdirSync(directory)).toEqual(['b'])
  expect(existsSync('/nonexistent/target')).toBe(false)
})

test('a directory that cannot be is told', () => {
  writeFileSync(join(directory, 'file'), '')
  expect(() => createFiles(join(directory, 'file', 'below'), FILES)).toThrow(/none was created/)
  expect(() => createFiles(join(directory, 'file'), FILES)).toThrow(`${join(directory, 'file')} exists already`)
  mkdirSync(join(directory, 'a'))
  expect(() => createFiles(directory, FILES)).toThrow('exists already')
})

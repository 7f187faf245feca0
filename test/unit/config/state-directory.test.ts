import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeAtomically } from '../../../src/config/state-directory.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

test('what others of the group have put in the way of an unfinished file is not written through', () => {
  const another = join(directory, 'another')
  const path = join(directory, 'views', 'VI_1')
  writeFileSync(another, 'as it was')
  mkdirSync(join(directory, 'views'))
  symlinkSync(another, `${path}.${process.pid}.unfinished`)
  writeAtomically(path, 'new')
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(readFileSync(another, 'utf8')).toBe('as it was')
})

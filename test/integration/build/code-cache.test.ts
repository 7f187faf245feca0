/** V8's caches of the bundles' code: used where they are whole and of their bundle, passed over where they are not. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { execa } from 'execa'
import { afterAll, beforeEach, expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { copyProgram } from '../../support/cli.ts'

const copy = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
const bundle = join(copy, 'dist/program.cjs')
const cache = join(copy, 'dist/program.cjs.cache')
const VERSION = packageJson.version

let program: string
beforeEach(() => {
  program = copyProgram(copy)
})
afterAll(() => rmSync(copy, { recursive: true }))

async function version(): Promise<string> {
  const { stdout } = await execa(process.execPath, [program, '--version'])
  return stdout
}

test.each(['hook.cjs', 'program.cjs'])('V8 takes what the build has made of %s', (name) => {
  const filename = join(copy, 'dist', name)
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'latin1')}\n})`
  const script = new Script(source, { filename, cachedData: readFileSync(`${filename}.cache`).subarray(8) })
  expect(script.cachedDataRejected).toBe(false)
})

test('one whose bytes are damaged is passed over: V8 would crash on it', async () => {
  const bytes = readFileSync(cache)
  for (let at = 64; at < bytes.length; at += 997) bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at)
  writeFileSync(cache, bytes)
  expect(await version()).toBe(VERSION)
})

test.each([0, 7, 8, 100_000])('one that ends after %i bytes is passed over', async (length) => {
  writeFileSync(cache, readFileSync(cache).subarray(0, length))
  expect(await version()).toBe(VERSION)
})

test('one of another bundle of the same length is passed over', async () => {
  const other = VERSION.replace(/\d$/, (digit) => (digit === '9' ? '0' : `${Number(digit) + 1}`))
  writeFileSync(bundle, readFileSync(bundle, 'latin1').replaceAll(`"${VERSION}"`, `"${other}"`), 'latin1')
  expect(await version()).toBe(other)
})

test('the program runs without one, and a new one can be made', async () => {
  rmSync(cache)
  expect(await version()).toBe(VERSION)
  await execa(process.execPath, [join(copy, 'bin/code-cache.mjs')])
  expect(readFileSync(cache).length).toBeGreaterThan(100_000)
  expect(await version()).toBe(VERSION)
})

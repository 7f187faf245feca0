import { chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadAndKeepConfig, loadKeptConfig } from '../../../src/config/kept-config.ts'
import { requires } from '../../support/requires.ts'

let directory: string
let path: string
let kept: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
  path = join(directory, 'config.yaml')
  kept = join(directory, 'config.json')
  writeFileSync(path, configOf('db'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const configOf = (cluster: string) =>
  `cluster: ${cluster}\ninstances:\n  VI_1: { vips: [10.99.0.10], routeTables: [rtb-0a1b2c3d] }\n`

const load = async () => (await loadKeptConfig(path, directory)).cluster

/** Puts another cluster into what was kept, to tell what is recalled from what is parsed. */
function mark(): void {
  writeFileSync(kept, readFileSync(kept, 'utf8').replace('"cluster":"db"', '"cluster":"recalled"'))
}

describe('the config that was kept', () => {
  test('is what a parser makes of it', async () => {
    const parsed = await loadAndKeepConfig(path, directory)
    mark()
    expect(await loadKeptConfig(path, directory)).toEqual({ ...parsed, cluster: 'recalled' })
  })

  test('is kept by whoever had to parse it', async () => {
    expect(await load()).toBe('db')
    mark()
    expect(await load()).toBe('recalled')
  })

  test('counts for that text alone, to a byte', async () => {
    await load()
    mark()
    writeFileSync(path, `${configOf('db')}#`)
    expect(await load()).toBe('db')
    writeFileSync(path, configOf('other'))
    expect(await load()).toBe('other')
  })

  test('counts for that build alone', async () => {
    await load()
    mark()
    writeFileSync(kept, readFileSync(kept, 'utf8').replace('"build":"', '"build":"x'))
    expect(await load()).toBe('db')
  })

  test.each(['', '{', 'null', '"text"'])('counts for nothing where it reads %j', async (text) => {
    writeFileSync(kept, text)
    expect(await load()).toBe('db')
  })

  test.skipIf(!requires('root'))('counts for nothing where another user has written it', async () => {
    await load()
    mark()
    chownSync(kept, 1, 1)
    expect(await load()).toBe('db')
  })

  test('is not for everybody: a config may not be, either', async () => {
    await load()
    expect(statSync(kept).mode & 0o777).toBe(0o640)
  })

  test('does not hide that the file is wrong, or gone', async () => {
    await load()
    writeFileSync(path, 'cluster: db\n')
    await expect(load()).rejects.toMatchObject({ kind: 'config' })
    rmSync(path)
    await expect(load()).rejects.toMatchObject({ kind: 'config' })
  })
})

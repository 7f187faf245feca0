/** The FIFO's reader, when keepalived reloads and ends. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readlinkSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readFifo } from '../../../../src/adapters/keepalived/fifo.ts'
import {
  directory,
  line,
  makeDirectoryForEachTest,
  mkfifo,
  path,
  started,
  turns,
  writerOf,
} from '../../../support/notify-fifo.ts'

makeDirectoryForEachTest()

/** Of this process. */
function openFilesBelow(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`)
      return target.startsWith(folder) ? [target] : []
    } catch {
      return [] // It was open to read this directory.
    }
  })
}

describe('keepalived', () => {
  test('reloads: what is left in the old FIFO is read first, then the new one', async () => {
    const { seen, writer } = await started()
    writer.write(line(1))
    writer.write(line(2))
    unlinkSync(path)
    writer.close()
    mkfifo()
    const next = writerOf()
    next.write(line(3))
    await expect.poll(() => seen).toEqual(['VI_1 MASTER 1', 'VI_1 MASTER 2', 'gap: reopened', 'VI_1 MASTER 3'])
  })

  test('reloads while the old FIFO stays open in another process', async () => {
    const { seen, writer } = await started()
    unlinkSync(path)
    mkfifo()
    writer.write(line(1))
    writerOf().write(line(2))
    await expect.poll(() => seen).toEqual(['VI_1 MASTER 1', 'gap: reopened', 'VI_1 MASTER 2'])
  })

  test('reloads twenty times', async () => {
    const { seen, writer } = await started()
    let last = writer
    for (let i = 1; i <= 20; i++) {
      last.write(line(i))
      unlinkSync(path)
      last.close()
      mkfifo()
      last = writerOf()
      if (i % 2 === 0) await turns(3)
    }
    last.write(line(21))
    await expect.poll(() => seen.at(-1)).toBe('VI_1 MASTER 21')
    const events = seen.filter((entry) => entry.startsWith('VI_1'))
    const numbers = events.map((entry) => Number(entry.split(' ').at(-1)))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    expect(seen.at(-2)).toBe('gap: reopened')
  })

  test('ends, is seen to at once and once, and comes back', async () => {
    const { seen, writer } = await started()
    writer.write(line(1))
    writer.close()
    await expect.poll(() => seen).toEqual(['VI_1 MASTER 1', 'gap: writer-gone'])
    await turns()
    expect(seen).toHaveLength(2)
    const next = writerOf()
    next.write(line(2))
    await expect.poll(() => seen.at(-1)).toBe('VI_1 MASTER 2')
    next.close()
    await expect.poll(() => seen.slice(2)).toEqual(['VI_1 MASTER 2', 'gap: writer-gone'])
  })

  test('ends and takes its FIFO along, and makes another when it is back', async () => {
    const { seen, writer } = await started()
    unlinkSync(path)
    writer.close()
    await expect.poll(() => seen).toEqual(['gap: writer-gone'])
    await turns()
    mkfifo()
    writerOf().write(line(1))
    await expect.poll(() => seen).toEqual(['gap: writer-gone', 'gap: reopened', 'VI_1 MASTER 1'])
  })

  test('reloads while a handler ends the reading: nothing of it stays open', async () => {
    const fifo = readFifo(path, { onEvent: () => fifo.close(), onMalformed: () => {}, onGap: () => {} })
    const writer = writerOf()
    await turns(3)
    unlinkSync(path)
    mkfifo()
    writer.write(line(1))
    writer.close()
    await expect.poll(() => openFilesBelow(directory)).toEqual([])
  })

  test('finds its directory replaced, and writes in the new one', async () => {
    const { seen } = await started()
    rmSync(join(directory, 'run'), { recursive: true })
    await turns()
    execFileSync('mkdir', [join(directory, 'run')])
    mkfifo()
    writerOf().write(line(1))
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['gap: reopened', 'VI_1 MASTER 1'])
  })
})

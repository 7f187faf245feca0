/** The FIFO's reader: the file, the lines, and that there is one reader. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { eventText } from '../../../../src/adapters/keepalived/event.ts'
import { readFifo } from '../../../../src/adapters/keepalived/fifo.ts'
import { Failure } from '../../../../src/platform/errors.ts'
import {
  directory,
  line,
  makeDirectoryForEachTest,
  mkfifo,
  path,
  record,
  started,
  turns,
  writerOf,
} from '../../../support/notify-fifo.ts'

makeDirectoryForEachTest()

function failureOf(action: () => unknown): Failure {
  try {
    action()
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('it went well')
}

describe('the FIFO', () => {
  test('is made with its directory, for its owner alone, and stays when the reader ends', () => {
    const { close } = record()
    const { mode } = statSync(path)
    expect(mode & constants.S_IFMT).toBe(constants.S_IFIFO)
    expect(mode & 0o777).toBe(0o600)
    close()
    expect(existsSync(path)).toBe(true)
  })

  test('that is there is used', () => {
    mkfifo(`${directory}/there`)
    const { ino } = statSync(`${directory}/there`)
    record(`${directory}/there`)
    expect(statSync(`${directory}/there`).ino).toBe(ino)
  })

  test('is refused when it is none', () => {
    const file = join(directory, 'file')
    writeFileSync(file, 'precious')
    expect(failureOf(() => record(file))).toMatchObject({ kind: 'config' })
    symlinkSync(file, join(directory, 'link'))
    expect(failureOf(() => record(join(directory, 'link'))).message).toContain('is not a FIFO')
    expect(statSync(file).size).toBe(8)
  })
})

describe('events', () => {
  test('come in order, however they are cut', async () => {
    const { seen, writer } = await started()
    for (let i = 1; i <= 200; i++) {
      const text = line(i)
      writer.write(text.slice(0, i % text.length))
      if (i % 3 === 0) await turn()
      writer.write(text.slice(i % text.length))
    }
    await expect.poll(() => seen.filter((entry) => !entry.startsWith('gap'))).toHaveLength(200)
    expect(seen.filter((entry) => !entry.startsWith('gap'))).toEqual(
      Array.from({ length: 200 }, (_, i) => `VI_1 MASTER ${i + 1}`),
    )
  })

  test('from before the start are dropped: nobody knows how old they are', async () => {
    mkfifo(join(directory, 'old'))
    const writer = writerOf(join(directory, 'old'))
    writer.write(line(1))
    const { seen } = record(join(directory, 'old'))
    writer.write(line(2))
    await expect.poll(() => seen).toEqual(['gap: start', 'VI_1 MASTER 2'])
  })

  test('that are none are reported, with a gap, and the next one is read', async () => {
    const { seen, writer } = await started()
    writer.write(`INSTANCE "VI_1" MAS\n${line(7)}`)
    await expect.poll(() => seen).toEqual(['malformed INSTANCE "VI_1" MAS', 'gap: malformed', 'VI_1 MASTER 7'])
  })

  test('do not begin in the middle of a line that is too long', async () => {
    const { seen, writer } = await started()
    writer.write('x'.repeat(4000))
    await turns(3)
    writer.write(`${'x'.repeat(200)}${line(1)}`)
    writer.write(line(2))
    await expect.poll(() => seen.filter((entry) => entry !== 'gap: overflow')).toHaveLength(3)
    expect(seen.filter((entry) => entry !== 'gap: overflow')).toEqual([
      expect.stringMatching(/^malformed x{200}$/),
      'gap: malformed',
      'VI_1 MASTER 2',
    ])
  })

  test('that did not fit into the pipe are a gap', async () => {
    const { seen, writer } = await started()
    let written = 0
    expect(() => {
      for (;;) {
        writer.write(line(1 + (written % 255)))
        written += 1
      }
    }).toThrow('EAGAIN')
    await expect.poll(() => seen.filter((entry) => entry.startsWith('VI_1'))).toHaveLength(written)
    expect(seen).toContain('gap: overflow')
    expect(seen.indexOf('gap: overflow')).toBeGreaterThan(seen.indexOf('VI_1 MASTER 1'))
  })

  test('are no longer handled after the end, not even from within a handler', async () => {
    const seen: string[] = []
    const fifo = readFifo(path, {
      onEvent: (event) => {
        seen.push(eventText(event))
        fifo.close()
      },
      onMalformed: () => seen.push('malformed'),
      onGap: () => {},
    })
    const writer = writerOf()
    writer.write(`${line(1)}${line(2)}nonsense\n`)
    await expect.poll(() => seen).toEqual(['VI_1 MASTER 1'])
    await turns()
    expect(seen).toEqual(['VI_1 MASTER 1'])
  })
})

describe('a reader', () => {
  test('holds no thread: a dozen of them leave the pool free', async () => {
    const fifos = Array.from({ length: 12 }, (_, i) => record(join(directory, `${i}.fifo`)))
    await expect.poll(() => fifos.every(({ seen }) => seen.length === 1)).toBe(true)
    expect((await stat(directory)).isDirectory()).toBe(true)
    const writers = fifos.map((_, i) => writerOf(join(directory, `${i}.fifo`)))
    for (const { write } of writers) write(line(1))
    await expect.poll(() => fifos.map(({ seen }) => seen.at(-1))).toEqual(fifos.map(() => 'VI_1 MASTER 1'))
  })

  test('is the only one, until it ends', async () => {
    const first = record()
    const failure = failureOf(() => record())
    expect(failure).toMatchObject({ kind: 'refused' })
    expect(failure.message).toContain(`process ${process.pid}`)
    first.close()
    const { seen } = record()
    writerOf().write(line(1))
    await expect.poll(() => seen).toContain('VI_1 MASTER 1')
  })

  test('is followed by the next when it is killed', async () => {
    const script = join(directory, 'reader.mjs')
    const contents = `import { readFifo } from '${fileURLToPath(new URL('../../../../src/adapters/keepalived/fifo.ts', import.meta.url))}'
      readFifo(process.argv[2], { onEvent() {}, onMalformed() {}, onGap: () => console.log('started') })`
    await build({
      stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
    })
    const other = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(other.stdout, 'data')
    expect(failureOf(() => record()).message).toContain(`process ${other.pid}`)
    other.kill('SIGKILL')
    await once(other, 'exit')
    const { seen } = record()
    await expect.poll(() => seen).toEqual(['gap: start'])
  })
})

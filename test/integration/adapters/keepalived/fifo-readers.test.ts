/** Who else reads the FIFO. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockReader, makeFifo } from '../../../../src/adapters/keepalived/fifo-file.ts'
import { otherReadersOf } from '../../../../src/adapters/keepalived/fifo-readers.ts'
import { requires } from '../../../support/requires.ts'

function fifoIn(): { directory: string; fifo: string } {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-readers-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const fifo = join(directory, 'fifo')
  makeFifo(fifo)
  return { directory, fifo }
}

/** Runs a program whose standard input is redirected as given, until the test ends. */
async function open(program: string, redirection: string): Promise<number | undefined> {
  const child = spawn('sh', ['-c', `exec ${redirection}; echo open; exec ${program} 60`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  return child.pid
}

test.skipIf(!requires('root'))('of a FIFO are found, but not its writers, the daemon and keepalived', async () => {
  const { directory, fifo } = fifoIn()
  expect(otherReadersOf(fifo)).toEqual([])

  copyFileSync('/bin/sleep', join(directory, 'keepalived'))
  await open(join(directory, 'keepalived'), `4<>${fifo}`)
  await open('sleep', `4>${fifo}`)
  onTestFinished(lockReader(fifo))
  const daemon = await open('sleep', `4<${fifo}`)
  writeFileSync(`${fifo}.lock`, `${daemon}\n`)
  await expect.poll(() => otherReadersOf(fifo)).toEqual([])

  const reader = await open('sleep', `4<${fifo}`)
  await expect.poll(() => otherReadersOf(fifo)).toEqual([{ pid: reader, command: 'sleep' }])
})

test('of no FIFO are none', () => {
  expect(otherReadersOf('/nonexistent/fifo')).toEqual([])
  expect(otherReadersOf('/dev/null')).toEqual([])
})

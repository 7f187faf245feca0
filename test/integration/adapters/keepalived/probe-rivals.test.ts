/** What the probe believes where others write to the files that keepalived writes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, copyFileSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ProbeResult } from '../../../../src/adapters/keepalived/probe.ts'
import { jsonOf, master } from '../../../support/keepalived-dumps.ts'
import {
  asked,
  behave,
  directory,
  file,
  instanceIn,
  makeDirectoryForEachTest,
  probeOf,
  startStandIn,
} from '../../../support/keepalived-stand-in.ts'
import { requires } from '../../../support/requires.ts'

makeDirectoryForEachTest()

const OURS = { ...master, state: 'BACKUP' } as const
const THEIRS = JSON.stringify(jsonOf([master]))

/** Another process of a program that is called keepalived, with the same directory for its dumps. */
async function startRival(script: string) {
  copyFileSync('/bin/sh', file('keepalived'))
  const child = spawn(file('keepalived'), ['-c', `echo up; ${script}`, 'sh', THEIRS, file('keepalived.json')], {
    env: { TMPDIR: directory },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  return child
}

describe('with another keepalived that writes to the same file', () => {
  test('nothing is believed that may be of that one', async () => {
    behave([OURS])
    await startStandIn()
    const rival = await startRival('while :; do printf %s "$1" > "$2"; done')
    const probe = probeOf()
    const results: ProbeResult[] = []
    for (let reads = 0; reads < 8; reads++) results.push(await probe.read())
    rival.kill('SIGKILL')
    await once(rival, 'exit')
    // What it writes is not whole at some moments: then nothing is believed, either.
    expect(results.map(({ kind }) => kind)).toEqual(results.map(() => 'unknown'))
    const directoryOfItsOwn = `may come from another keepalived that writes there at the same time (process ${rival.pid}): give each`
    expect(results).toContainEqual({ kind: 'unknown', reason: expect.stringContaining(directoryOfItsOwn) })
  })

  test('ours is believed while that one is silent', async () => {
    behave([OURS])
    await startStandIn()
    // It writes whenever it is told to.
    const rival = await startRival('while read line; do printf %s "$1" > "$2"; done')
    const probe = probeOf()
    expect(instanceIn(await probe.read())?.state).toBe('BACKUP')
    rival.stdin.write('\n')
    await expect.poll(() => readFileSync(file('keepalived.json'), 'utf8')).toBe(THEIRS)
    expect(instanceIn(await probe.read())?.state).toBe('BACKUP')
  })

  test('it is asked once where nobody else is', async () => {
    behave([OURS])
    await startStandIn()
    await probeOf().read()
    expect(asked()).toEqual(['keepalived.json', 'keepalived.data'])
  })
})

describe('no answer of keepalived’s is', () => {
  test('what a link leads to', async () => {
    behave([OURS], { how: 'silent' })
    await startStandIn()
    const reading = probeOf().read()
    await expect.poll(asked).toHaveLength(1)
    writeFileSync(file('elsewhere'), THEIRS)
    symlinkSync(file('elsewhere'), file('keepalived.json'))
    expect(await reading).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('no new ') })
  })

  test.skipIf(!requires('root'))('what another user has put there', async () => {
    behave([OURS], { how: 'silent' })
    await startStandIn()
    const reading = probeOf().read()
    await expect.poll(asked).toHaveLength(1)
    writeFileSync(file('planted'), THEIRS)
    chownSync(file('planted'), 65_534, 65_534)
    renameSync(file('planted'), file('keepalived.json'))
    expect(await reading).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('no new ') })
  })
})

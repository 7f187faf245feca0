/** What the probe says when keepalived does not run, or does not tell its state. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { addressPresent } from '../../../../src/adapters/keepalived/probe.ts'
import { findKeepalived } from '../../../../src/adapters/keepalived/process.ts'
import { jsonOf, master } from '../../../support/keepalived-dumps.ts'
import {
  asked,
  behave,
  directory,
  file,
  makeDirectoryForEachTest,
  probeOf,
  standIn,
  startStandIn,
} from '../../../support/keepalived-stand-in.ts'

makeDirectoryForEachTest()

describe('nothing is guessed', () => {
  test('when it does not answer, whatever an older file says', async () => {
    behave([master], { how: 'silent' })
    writeFileSync(file('keepalived.json'), JSON.stringify(jsonOf([master])))
    await startStandIn()
    expect(await probeOf({ timeoutMs: 100 }).read()).toEqual({
      kind: 'unknown',
      reason: expect.stringMatching(/no new .*keepalived\.json 100 ms after/),
    })
  })

  test('when the file is never whole', async () => {
    behave([master], { how: 'half' })
    await startStandIn()
    expect(await probeOf({ timeoutMs: 100 }).read()).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('incomplete'),
    })
  })

  test('when it has no instance that is ours', async () => {
    behave([{ ...master, name: 'VI_9' }])
    await startStandIn()
    expect(await probeOf().read()).toEqual({ kind: 'unknown', reason: 'keepalived knows VI_9, VG 1 but not VI_1' })
  })

  test('when its state is a number that we do not know', async () => {
    const [known] = jsonOf([master])
    behave([master], { json: [{ ...known, data: { ...known?.data, state: 7 } }] })
    await startStandIn()
    expect(await probeOf().read()).toMatchObject({
      kind: 'unknown',
      reason: 'unrecognised keepalived JSON dump: 0.data.state: Invalid option: expected one of 0|1|2|3|97|98',
    })
  })

  test('when it does not take signals yet, and it lives on', async () => {
    behave([master], { deaf: true })
    const child = await startStandIn()
    expect(await probeOf().read()).toEqual({ kind: 'unknown', reason: expect.stringContaining('is starting') })
    expect(child.exitCode ?? child.signalCode).toBeNull()
  })

  test('when it is killed while it is asked: it does not run', async () => {
    behave([master], { how: 'silent' })
    const child = await startStandIn()
    const reading = probeOf({ timeoutMs: 500 }).read()
    await expect.poll(asked).toHaveLength(1)
    child.kill('SIGKILL')
    expect(await reading).toMatchObject({ kind: 'not-running' })
  })
})

describe('keepalived does not run', () => {
  test.each([
    ['there is no pid file', undefined, 'does not exist'],
    ['the pid file names a process that is no keepalived', String(process.pid), `process ${process.pid}, which is not`],
    ['the pid file names no process', '4194305', 'process 4194305, which is not keepalived'],
  ])('when %s', async (_, pid, reason) => {
    if (pid !== undefined) writeFileSync(file('pid'), pid)
    // Another test may have a keepalived say its version at this moment.
    await expect.poll(() => probeOf().read()).toEqual({ kind: 'not-running', reason: expect.stringContaining(reason) })
  })

  test('when it has ended and its pid file is left', async () => {
    behave([master])
    const child = await startStandIn()
    child.kill('SIGKILL')
    await once(child, 'exit')
    await expect.poll(() => probeOf().read()).toMatchObject({ kind: 'not-running' })
  })

  test('when it has ended and whoever started it has not asked how', async () => {
    behave([master])
    const shell = spawn(
      'sh',
      ['-c', '"$@" & echo $! > "$TMPDIR/pid"; exec sleep 60', 'sh', process.execPath, '-e', standIn],
      {
        env: { ...process.env, TMPDIR: directory },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    onTestFinished(() => {
      shell.kill('SIGKILL')
    })
    await once(shell.stdout, 'data')
    const pid = Number(readFileSync(file('pid'), 'utf8'))
    expect(await probeOf().read()).toMatchObject({ kind: 'running', pid })
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain('(keepalived) Z')
    await expect.poll(() => probeOf().read()).toMatchObject({ kind: 'not-running' })
  })

  test('is not said when one runs that has another pid file', async () => {
    copyFileSync('/bin/sleep', file('keepalived'))
    chmodSync(file('keepalived'), 0o755)
    const child = spawn(file('keepalived'), ['60'], { stdio: 'ignore' })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    await once(child, 'spawn')
    expect(await probeOf().read()).toEqual({
      kind: 'unknown',
      reason: expect.stringMatching(
        /^.*\/pid does not exist, but keepalived runs as process \d+: keepalived\.pidFile must/,
      ),
    })
  })

  test('is not said when a single one runs that has another pid file: it is found by its children', async () => {
    const find = () => findKeepalived(file('pid'))
    const own = await startFamily()
    await expect.poll(find).toMatchObject({ kind: 'running', process: { pid: own } })
    const another = await startFamily()
    await expect.poll(find).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining(`keepalived runs as processes ${own}, ${another}: keepalived.pidFile must`),
    })
  })

  test('is not said when the pid file is not written yet', async () => {
    writeFileSync(file('pid'), '')
    expect(await probeOf().read()).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('no process id') })
  })
})

/** Starts a process and its child that are both called keepalived, as keepalived and its VRRP process are. */
async function startFamily(): Promise<number | undefined> {
  const folder = mkdtempSync(file('family-'))
  mkdirSync(join(folder, 'child'))
  copyFileSync('/bin/sh', join(folder, 'keepalived'))
  copyFileSync('/bin/sleep', join(folder, 'child/keepalived'))
  const parent = spawn(join(folder, 'keepalived'), ['-c', `${folder}/child/keepalived 60 & echo up; wait`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  onTestFinished(() => {
    process.kill(-(parent.pid ?? 0), 'SIGKILL')
  })
  await once(parent.stdout, 'data')
  return parent.pid
}

describe('an address', () => {
  test('is present where it is, however it is written', () => {
    expect(addressPresent('127.0.0.1')).toBe(true)
    expect(addressPresent('127.0.0.1/32', 'lo')).toBe(true)
    expect(addressPresent('127.0.0.1', 'eth9')).toBe(false)
    expect(addressPresent('10.99.0.10')).toBe(false)
    expect(addressPresent('2001:db8:0::1')).toBe(false)
  })
})

/** `npm start`: the account that `vip-switch lab` gives, whichever way it shows it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { removeLeftoverNamespaces } from '../../src/lab/network.ts'
import { removeLeftoverDirectories } from '../../src/lab/run-directory.ts'
import { requires } from '../support/requires.ts'
import { bin } from './case.ts'
import { leftoversOf } from './leftovers.ts'

/** Of the lab's daemons: what they do not hear from keepalived they find out within it. */
const INTERVAL_MS = 5000

describe('vip-switch lab', { timeout: 60_000 }, () => {
  it('plays the events where keepalived is not', async () => {
    const { stdout } = await execa(process.execPath, [bin, 'lab'], { env: { PATH: '/nonexistent' } })
    expect(stdout).toContain('playing keepalived')
    expect(movesOf(stdout)).toEqual(['db-1', 'db-2', 'db-1'])
    expect(stdout).toContain('Split brain is not shown: ')
    expect(stdout).not.toContain('SPLIT-BRAIN')
  })

  it.skipIf(!requires('keepalived'))('shows the real keepalived: failover, failback, split brain', async () => {
    const { stdout } = await execa(process.execPath, [bin, 'lab'])
    expect(stdout).toContain('the real keepalived v')
    expect(movesOf(stdout)).toEqual(['db-1', 'db-2', 'db-1', 'db-2', 'db-1'])
    expect(stdout).toMatch(/db-1 +daemon: VI_1 SPLIT-BRAIN: db-2, MASTER 100, .*; taking .* \(at db-2\)$/m)
    expect(stdout).toMatch(/db-2 +daemon: VI_1 SPLIT-BRAIN: db-1, MASTER 150, .* leaving the routes /)
    expect(stdout).toContain('10.99.0.10/32 is still at db-1: no route was written since it was restored')
    const [, ms] = /two masters → the higher has the routes back +(\d+) ms$/m.exec(stdout) ?? []
    expect(Number(ms)).toBeLessThan(INTERVAL_MS + 1000)
    expect(stdout).toMatch(/^ {2}private-a +db-1 eni-\w+ +db-2 eni-\w+$/m)
    expect(stdout).toMatch(/^ {2}private-c +db-1 eni-\w+ +db-2 eni-\w+$/m)
  })

  it.skipIf(!requires('keepalived'))('says why the real keepalived cannot be used', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vip-switch-test-'))
    for (const [name, script] of [
      ['keepalived', ''],
      // It reads its batch, as ip does.
      ['ip', 'while read -r _; do :; done; echo "mkdir /run/netns failed: Read-only file system" >&2; exit 1'],
    ] as const) {
      await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    }
    const { stdout } = await execa(process.execPath, [bin, 'lab'], { env: { PATH: directory } })
    await rm(directory, { recursive: true })
    const [, , subtitle] = stdout.split('\n')
    expect(subtitle).toContain(
      'cannot create network namespaces (ip: mkdir /run/netns failed: Read-only file system); playing',
    )
    expect(movesOf(stdout)).toEqual(['db-1', 'db-2', 'db-1'])
  })

  it.skipIf(!requires('keepalived'))('leaves nothing behind when it is interrupted in a split brain', async () => {
    const { child, pid } = await labWhen('elected MASTER, too')
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([null, 'SIGINT'])
    expect(leftoversOf(pid)).toEqual([])
  })

  it.skipIf(!requires('keepalived'))('removes what a killed run has left', async () => {
    const { child, pid } = await labWhen('elected MASTER')
    child.kill('SIGKILL')
    await once(child, 'exit')
    removeLeftoverNamespaces()
    removeLeftoverDirectories()
    expect(leftoversOf(pid)).toEqual([])
  })
})

/** The nodes that the account says the VIP arrived at. */
function movesOf(account: string): string[] {
  return [...account.matchAll(/cloud +10\.99\.0\.10\/32 → (db-\d) in private-a, private-c/g)].map(
    ([, node = '']) => node,
  )
}

/** The lab as a process, at the moment when it has told something. */
async function labWhen(told: string) {
  const child = spawn(process.execPath, [bin, 'lab'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.stdout.on('data', (chunk) => String(chunk).includes(told) && resolve())
    child.stdout.once('end', () => reject(new Error(`it ended without a word of: ${told}`)))
  })
  return { child, pid: child.pid ?? 0 }
}

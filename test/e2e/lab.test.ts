/** `npm start`: the account that `vip-switch lab` gives, whichever way it shows it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { removeLeftoverNamespaces } from '../../src/lab/network.ts'
import { removeLeftoverDirectories } from '../../src/lab/run-directory.ts'
import { copyProgram } from '../support/cli.ts'
import { requires } from '../support/requires.ts'
import { bin } from './case.ts'
import { programsAlone, temporaryDirectory } from './lab-path.ts'
import { leftoversOf } from './leftovers.ts'

/** Of the lab's daemons: what they do not hear from keepalived they find out within it. */
const INTERVAL_MS = 5000

describe('vip-switch lab', { timeout: 60_000 }, () => {
  it('simulates keepalived where it is not, and shows the same: failover, failback, split brain', async () => {
    const { stdout } = await execa(process.execPath, [bin, 'lab'], {
      env: { PATH: await programsAlone('mkfifo', 'flock') },
    })
    expect(stdout).toContain('keepalived not found, so keepalived is simulated')
    expect(stdout).toMatch(/db-1 +simulated keepalived starts: /)
    expectTheStory(stdout)
  })

  it.skipIf(!requires('root'))('needs no root', async () => {
    const directory = await temporaryDirectory()
    await chmod(directory, 0o755)
    const asNobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', copyProgram(directory)]
    const { stdout } = await execa('setpriv', [...asNobody, 'lab'])
    expect(stdout).toContain('the real keepalived needs root, so keepalived is simulated')
    expectTheStory(stdout)
  })

  it.skipIf(!requires('keepalived'))('shows it with the real keepalived', async () => {
    const { stdout } = await execa(process.execPath, [bin, 'lab'])
    expect(stdout).toContain('the real keepalived v')
    expectTheStory(stdout)
  })

  it.skipIf(!requires('keepalived'))('says why the real keepalived cannot be used', async () => {
    // It reads its batch, as ip does.
    const ip = 'while read -r _; do :; done; echo "mkdir /run/netns failed: Read-only file system" >&2; exit 1'
    const PATH = await programsAlone('mkfifo', 'flock')
    for (const [name, script] of Object.entries({ keepalived: '', nft: '', ip })) {
      await writeFile(join(PATH, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    }
    const { child, told } = await labWhen('Two nodes come up', PATH)
    child.kill('SIGINT')
    await once(child, 'exit')
    const [, , subtitle] = told().split('\n')
    expect(subtitle).toContain(
      'cannot create network namespaces (ip: mkdir /run/netns failed: Read-only file system), so keepalived is simulated',
    )
  })

  describe.each([
    ['real', requires('keepalived'), async () => process.env.PATH],
    ['simulated', true, () => programsAlone('mkfifo', 'flock')],
  ])('with a %s keepalived', (_, isHere, path) => {
    it.skipIf(!isHere)('leaves nothing behind when it is interrupted in a split brain', async () => {
      const { child, pid } = await labWhen('elected MASTER, too', await path())
      child.kill('SIGINT')
      expect(await once(child, 'exit')).toEqual([null, 'SIGINT'])
      expect(leftoversOf(pid)).toEqual([])
    })

    it.skipIf(!isHere)('removes what a killed run has left', async () => {
      const { child, pid } = await labWhen('adverts are dropped', await path())
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(leftoversOf(pid)).not.toEqual([])
      removeLeftoverNamespaces()
      removeLeftoverDirectories()
      expect(leftoversOf(pid)).toEqual([])
    })
  })
})

/** Failover, failback, the split brain, and its end. */
const MOVES = ['db-1', 'db-2', 'db-1', 'db-2', 'db-1']

function expectTheStory(account: string): void {
  expect(movesOf(account)).toEqual(MOVES)
  expect(account).toMatch(/db-1 +daemon: VI_1 SPLIT-BRAIN: db-2, MASTER 100, .*; taking .* \(at db-2\)$/m)
  expect(account).toMatch(/db-2 +daemon: VI_1 SPLIT-BRAIN: db-1, MASTER 150, .* leaving the routes /)
  expect(account).toContain('10.99.0.10/32 is still at db-1: no route was written since it was restored')
  const [, ms] = /two masters → the higher has the routes back +(\d+) ms$/m.exec(account) ?? []
  expect(Number(ms)).toBeLessThan(INTERVAL_MS + 1000)
  expect(account).toMatch(/^ {2}private-a +db-1 eni-\w+ +db-2 eni-\w+$/m)
  expect(account).toMatch(/^ {2}private-c +db-1 eni-\w+ +db-2 eni-\w+$/m)
}

/** The nodes that the account says the VIP arrived at. */
function movesOf(account: string): string[] {
  return [...account.matchAll(/cloud +10\.99\.0\.10\/32 → (db-\d) in private-a, private-c/g)].map(
    ([, node = '']) => node,
  )
}

/** The lab as a process, at the moment when it has told something. */
async function labWhen(awaited: string, PATH: string | undefined) {
  const env = { ...process.env, PATH }
  const child = spawn(process.execPath, [bin, 'lab'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.stdout.on('data', (chunk) => {
      text += String(chunk)
      if (text.includes(awaited)) resolve()
    })
    child.stdout.once('end', () => reject(new Error(`it ended without a word of: ${awaited}`)))
  })
  return { child, pid: child.pid ?? 0, told: () => text }
}

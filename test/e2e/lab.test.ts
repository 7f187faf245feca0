/** `npm start`: the account that `vip-switch lab` gives, whichever way it shows it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { requires } from '../requires.ts'
import { bin } from './case.ts'
import { leftoversOf } from './leftovers.ts'

describe('vip-switch lab', { timeout: 60_000 }, () => {
  it('plays the events where keepalived is not', async () => {
    const { stdout } = await execa(process.execPath, [bin, 'lab'], { env: { PATH: '/nonexistent' } })
    expect(stdout).toMatch(/not found, so no real keepalived|needs root/)
    expect(movesOf(stdout)).toEqual(['db-1', 'db-2', 'db-1'])
  })

  it.skipIf(!requires('keepalived'))('shows the real keepalived, and the routes before and after', async () => {
    const { stdout } = await execa(process.execPath, [bin, 'lab'])
    expect(stdout).toContain('the real keepalived v')
    expect(movesOf(stdout)).toEqual(['db-1', 'db-2', 'db-1'])
    expect(stdout).toMatch(/^ {2}private-a +db-1 eni-\w+ +db-2 eni-\w+$/m)
    expect(stdout).toMatch(/^ {2}private-c +db-1 eni-\w+ +db-2 eni-\w+$/m)
  })

  it.skipIf(!requires('keepalived'))('leaves nothing behind when it is interrupted', async () => {
    const child = spawn(process.execPath, [bin, 'lab'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    for await (const chunk of child.stdout) if (String(chunk).includes('elected MASTER')) break
    expect(leftoversOf(child.pid ?? 0)).not.toEqual([])
    child.kill('SIGINT')
    expect(await exited).toEqual([null, 'SIGINT'])
    expect(leftoversOf(child.pid ?? 0)).toEqual([])
  })
})

/** The nodes that the account says the VIP arrived at. */
function movesOf(account: string): string[] {
  return [...account.matchAll(/cloud +10\.99\.0\.10\/32 → (db-\d) in private-a, private-c/g)].map(
    ([, node = '']) => node,
  )
}

import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { environmentFor, PROGRAM } from '../../../support/cli.ts'
import { endpoint, interceptWith, isWrite, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { preload } from '../../../support/preload.ts'
import { requires } from '../../../support/requires.ts'
import { A, B, ENI2, seed, targetOf } from '../../../support/switching.ts'

startEndpointForEachTest(seed)

describe.skipIf(!requires('script'))('on a terminal', () => {
  const QUESTION = 'Move 2 routes? [y/N]'
  const CONTROL_C = '\x03'
  const CONTROL_D = '\x04'

  /**
   * Runs on a terminal of its own (util-linux's script) and gives the answer once it is asked for.
   * @param later what is typed when that is so
   */
  async function answer(
    keys: string,
    env: NodeJS.ProcessEnv = {},
    later?: { readonly isTime: () => boolean; readonly keys: string },
  ) {
    const command = `exec ${PROGRAM} switch -r ${A} -r ${B} -v 10.99.0.10 --to db-2`
    const terminal = execa('script', ['-qec', command, '/dev/null'], {
      env: environmentFor(endpoint, { TERM: 'dumb', ...env }),
      extendEnv: false,
      reject: false,
    })
    let asked = false
    let shown = ''
    terminal.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString()
      if (asked || !shown.includes(QUESTION)) return
      asked = true
      terminal.stdin.write(keys)
    })
    if (later) {
      await expect.poll(later.isTime, { timeout: 10_000, interval: 5 }).toBe(true)
      terminal.stdin.write(later.keys)
    }
    const { exitCode, stdout } = await terminal
    return { exitCode, asked, stdout }
  }

  test('shows from → to, asks, and moves on yes', async () => {
    const { exitCode, asked, stdout } = await answer('y\n')
    expect({ exitCode, asked }).toEqual({ exitCode: 0, asked: true })
    expect(stdout.indexOf('db-1 → db-2')).toBeLessThan(stdout.indexOf(QUESTION))
    expect(stdout).toContain('2 done')
    expect([targetOf(A), targetOf(B)]).toEqual([ENI2, ENI2])
  })

  test.each([
    ['no', 'n\n'],
    ['nothing', '\n'],
    ['an end of input', CONTROL_D],
    ['Ctrl-C', CONTROL_C],
  ])('writes nothing on %s', async (_, keys) => {
    const { exitCode, asked, stdout } = await answer(keys)
    expect({ exitCode, asked }).toEqual({ exitCode: 4, asked: true })
    expect(stdout).toContain('not confirmed; nothing was changed')
    expect(writes()).toEqual([])
  })

  test('once it moves, Ctrl-C ends it with a table of what has moved', async () => {
    const never = new Promise<void>(() => {})
    interceptWith(({ action, params }) => (isWrite(action) && params.RouteTableId === B ? never : undefined))
    const isTime = () => writes().some(({ status }) => status === 200) && writes().length === 2
    const { exitCode, stdout } = await answer('y\n', {}, { isTime, keys: CONTROL_C })
    expect(stdout).toMatch(/✓ .* replaced\r?\n✗ .*interrupted by SIGINT; .* not answered\r?\n1 done, 1 failed/)
    expect(exitCode).toBe(3)
  })

  test('gives people the time they need: the deadline is EC2’s alone', async () => {
    // Lets the minute that has begun by then, or most of it, pass as soon as the question is asked.
    const timeFlies = `
      const begun = [], { setTimeout } = globalThis, write = process.stderr.write.bind(process.stderr)
      globalThis.setTimeout = (call, ms, ...rest) => {
        if (ms > 50000) begun.push(call)
        return setTimeout(call, ms, ...rest)
      }
      process.stderr.write = (text, ...rest) => {
        if (String(text).includes('[y/N]')) for (const call of begun.splice(0)) call()
        return write(text, ...rest)
      }`
    const { exitCode, stdout } = await answer('yes\n', preload(timeFlies))
    expect(stdout).not.toContain('deadline')
    expect(exitCode).toBe(0)
    expect(targetOf(A)).toBe(ENI2)
  })
})

/** Transition hooks, as real processes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runTransitionHook } from '../../../../src/agent/transition-hooks/run-command.ts'
import { systemClock as clock } from '../../../../src/platform/clock.ts'
import { isRunning } from '../../../support/fixtures.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-user-hook-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const NEVER = new AbortController().signal
const onStart = () => {}

function sh(script: string, { timeout = 10_000, signal = NEVER, facts = {} } = {}) {
  return runTransitionHook({ run: ['/bin/sh', '-c', script], timeout }, facts, { signal, clock, onStart })
}

/** The processes whose ids a script has written to a file; waits until it holds so many. */
async function idsIn(path: string, count: number): Promise<number[]> {
  return vi.waitFor(() => {
    const ids = readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number)
    expect(ids).toHaveLength(count)
    return ids
  }, 5000)
}

describe('a transition hook', () => {
  test('has the facts in its environment, and no shell looks at its words', async () => {
    vi.stubEnv('NOTIFY_SOCKET', '/run/systemd/notify')
    const facts = { VIP_SWITCH_INSTANCE: 'VI_1' }
    const run: [string, ...string[]] = ['/usr/bin/env', 'printenv', 'VIP_SWITCH_INSTANCE', 'NOTIFY_SOCKET', '$HOME; *']
    const result = await runTransitionHook({ run, timeout: 10_000 }, facts, { signal: NEVER, clock, onStart })
    vi.unstubAllEnvs()
    expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, output: 'VI_1' })
  })

  test('that fails says how, and the end of what it wrote', async () => {
    const result = await sh('for i in $(seq 1000); do echo line $i; done; echo no such cluster >&2; exit 3')
    expect(result).toMatchObject({ outcome: 'failed', exitCode: 3, detail: 'exit code 3', ms: expect.any(Number) })
    expect(result.output).toMatch(/line 1000\nno such cluster$/)
    expect(result.output.length).toBeLessThanOrEqual(2000)
    expect(await sh('kill -KILL $$')).toMatchObject({
      outcome: 'failed',
      exitCode: undefined,
      detail: 'killed by SIGKILL',
    })
  })

  test('that cannot be started says why', async () => {
    const plain = join(directory, 'plain')
    writeFileSync(plain, '')
    const start = (program: string) =>
      runTransitionHook({ run: [program], timeout: 10_000 }, {}, { signal: NEVER, clock, onStart })
    expect(await start('/nonexistent/promote')).toMatchObject({
      outcome: 'failed',
      exitCode: undefined,
      detail: 'spawn /nonexistent/promote ENOENT',
    })
    expect(await start(plain)).toMatchObject({ outcome: 'failed', detail: `spawn ${plain} EACCES` })
  })

  test('is ended with its grandchildren when it is no longer wanted', async () => {
    const ids = join(directory, 'ended')
    writeFileSync(ids, '')
    const wanted = new AbortController()
    const running = sh(`sh -c 'echo $$ >>${ids}; sleep 60 & echo $! >>${ids}; wait' & echo $$ >>${ids}; wait`, {
      signal: wanted.signal,
    })
    const processes = await idsIn(ids, 3)
    expect(processes.map(isRunning)).toEqual([true, true, true])
    wanted.abort()
    expect(await running).toMatchObject({ outcome: 'ended' })
    expect(processes.map(isRunning)).toEqual([false, false, false])
  })

  test('that does not heed SIGTERM is killed after its timeout, as are its children that do not', async () => {
    const ids = join(directory, 'late')
    writeFileSync(ids, '')
    const stubborn = `trap "" TERM; echo $$ >>${ids}; while :; do sleep 1; done`
    const result = await sh(`trap "" TERM; sh -c '${stubborn}' & ${stubborn}`, { timeout: 200 })
    expect(result).toMatchObject({ outcome: 'timeout', detail: 'not done within 0.2 s' })
    const processes = await idsIn(ids, 2)
    await vi.waitFor(() => expect(processes.map(isRunning)).toEqual([false, false]))
  })

  test('leaves nothing of its process group behind, and waits for none that has left it', async () => {
    const ids = join(directory, 'left')
    writeFileSync(ids, '')
    const result = await sh(
      `sleep 60 & echo $! >>${ids}; setsid sh -c 'echo $$ >>${ids}; exec sleep 60' & sleep 0.1; echo said`,
    )
    const [background = 0, daemon = 0] = await idsIn(ids, 2)
    expect(result).toMatchObject({ outcome: 'done', exitCode: 0, output: 'said' })
    expect([background, daemon].map(isRunning)).toEqual([false, true])
    process.kill(daemon)
  })
})

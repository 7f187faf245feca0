/** What the hooks' user has written down as its hook that still runs, and root ends or not. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, writeFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { momentOf } from '../../../../src/agent/node/journal.ts'
import { endRecordedHook } from '../../../../src/agent/transition-hooks/running-hook.ts'
import { signalIfAlive } from '../../../../src/lab/cleanup.ts'
import { systemClock } from '../../../../src/platform/clock.ts'
import { tell } from '../../../support/daemon.ts'
import { startEndpointForEachTest } from '../../../support/endpoint.ts'
import { isRunning } from '../../../support/fixtures.ts'
import { requires } from '../../../support/requires.ts'
import {
  inState,
  makeHooksDirectory,
  ROOT,
  SCRIPT_USER,
  startRootDaemon,
  type User,
  writeStateConfig,
} from '../../../support/state-users.ts'

startEndpointForEachTest()

/** Leads a process group of its own, as a user's hook does. */
async function startHookOf({ uid, gid }: User): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn('sleep', ['60'], { uid, gid, detached: true, stdio: 'ignore', cwd: '/' })
  await once(child, 'spawn')
  const { pid = 0 } = child
  onTestFinished(() => signalIfAlive(-pid, 'SIGKILL'))
  return Object.assign(child, { pid })
}

/** In the hooks' directory. */
function record(pid: number, by: User): void {
  writeFileSync(inState('hooks/VI_1.hook'), JSON.stringify(momentOf(pid)))
  chownSync(inState('hooks/VI_1.hook'), by.uid, by.gid)
}

const end = () => endRecordedHook(inState(), 'VI_1', systemClock)

describe.skipIf(!requires('root'))('a hook that the hooks’ user has recorded', () => {
  test('is ended by root where it is that user’s', async () => {
    makeHooksDirectory()
    const { pid } = await startHookOf(SCRIPT_USER)
    record(pid, SCRIPT_USER)
    await end()
    expect(isRunning(pid)).toBe(false)
  })

  test('is left alone where it is another’s, whose processes that user may not signal', async () => {
    makeHooksDirectory()
    const [ofRoot, ofAnother] = [await startHookOf(ROOT), await startHookOf({ uid: 64_002, gid: 64_002 })]
    for (const { pid } of [ofRoot, ofAnother]) {
      record(pid, SCRIPT_USER)
      await end()
      expect(isRunning(pid)).toBe(true)
    }
  })

  test('is ended by root’s daemon when the next transition comes', async () => {
    writeStateConfig()
    makeHooksDirectory()
    const [theirs, ours] = [await startHookOf(SCRIPT_USER), await startHookOf(ROOT)]
    record(theirs.pid, SCRIPT_USER)
    const daemon = await startRootDaemon()
    await daemon.line(/"msg":"started"/)
    tell('MASTER', 'run/vip-switch/notify.fifo')
    await vi.waitFor(() => expect(isRunning(theirs.pid)).toBe(false), 5000)
    record(ours.pid, SCRIPT_USER)
    tell('BACKUP', 'run/vip-switch/notify.fifo')
    await daemon.line(/hook backup: done/)
    expect(isRunning(ours.pid)).toBe(true)
  })
})

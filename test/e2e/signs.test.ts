/** The daemon learns of a change of state where neither keepalived's FIFO nor its VIPs can be seen. */
import { spawn } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createHangDetector } from '../../src/agent/daemon/hang-detector.ts'
import { listen } from '../../src/agent/daemon/listening.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { config } from '../support/parsed-config.ts'
import { requires } from '../support/requires.ts'
import { first } from './case.ts'
import { becomesMaster, raiseNode } from './lone-node.ts'

const quiet = { debug() {}, info() {}, warn() {} }

describe.skipIf(!requires('keepalived'))('the real keepalived', { timeout: 30_000 }, () => {
  test('writes a line, of which the daemon does not get a byte: it asks, and names the other reader', async () => {
    const { file, network, start } = raiseNode()
    const log = await start()
    await becomesMaster(log)

    const heard: string[] = []
    const errors: string[] = []
    // In another network namespace than keepalived; no tick comes to its help.
    const listener = listen({
      config: config(
        JSON.stringify({
          cluster: 'db',
          interval: '60s',
          keepalived: { fifo: file('other.fifo'), pidFile: file('pid') },
          instances: { VI_1: { vips: ['10.99.0.10'], routeTables: ['rtb-0aaaaaaaaaaaaaaaa'] } },
        }),
      ),
      clock: systemClock,
      log: {
        ...quiet,
        error: (_: unknown, text?: unknown) => errors.push(String(text)),
      },
      work: createHangDetector(systemClock),
      mayWait: () => false,
      deliver: (_, input) => heard.push(input.kind === 'state' ? input.state : input.kind),
      lastPriority: () => undefined,
    })
    onTestFinished(() => listener.stop())
    await expect.poll(() => heard).toEqual(['MASTER'])
    const reader = spawn('sh', ['-c', `exec sleep 60 0<>${file('other.fifo')}`], { stdio: 'ignore' })
    onTestFinished(() => {
      reader.kill('SIGKILL')
    })

    network.setLink(first, 'down')
    await expect.poll(() => heard.at(-1), { timeout: 10_000 }).toBe('FAULT')
    network.setLink(first, 'up')
    await expect.poll(() => heard.at(-1), { timeout: 10_000 }).toBe('MASTER')
    const told = `process ${reader.pid} (sleep) reads ${file('other.fifo')}, too`
    await expect.poll(() => errors, { timeout: 10_000 }).toContain(told)
  })
})

/** Starts, reloads and ends that meet. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import {
  createDaemon,
  holdIdentity,
  inDirectory,
  statusOnSocket,
  tellMaster,
  writeDaemonConfig,
} from '../../../support/daemon.ts'
import { startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { gate } from '../../../support/fixtures.ts'

startEndpointForEachTest()

/** A daemon whose start waits for EC2. */
async function starting() {
  const { opened, open } = gate()
  const asked = holdIdentity(opened)
  const daemon = createDaemon(writeDaemonConfig())
  const start = daemon.start()
  start.catch(() => {})
  await asked
  return { daemon, start, open }
}

/** Nothing of it lives: another daemon is let in at once, and hears alone. */
async function expectNothingLeft() {
  expect(existsSync(inDirectory('control.sock'))).toBe(false)
  const before = writes().length
  await createDaemon(writeDaemonConfig()).start()
  tellMaster()
  await vi.waitFor(() => expect(writes()).toHaveLength(before + 2), 5000)
}

describe('a daemon that is told to reload before it has started', () => {
  test('starts, and then takes the newest config: one generation hears keepalived', async () => {
    const { daemon, start, open } = await starting()
    writeDaemonConfig({ cluster: 'older' })
    const reloads = [daemon.reload()]
    writeDaemonConfig({ cluster: 'newer' })
    reloads.push(daemon.reload())
    // They wait for the start: what does not happen gives no signal.
    await Promise.race([...reloads, delay(300)])
    open()
    await Promise.all([start, ...reloads])
    expect(await statusOnSocket()).toMatchObject({ cluster: 'newer', configRejected: null })
    tellMaster()
    await vi.waitFor(() => expect(writes()).toHaveLength(2), 5000)
    await daemon.stop()
    await expectNothingLeft()
  })
})

describe('a daemon that is stopped', () => {
  test('while it starts leaves nothing behind, whatever EC2 answers later', async () => {
    const { daemon, start, open } = await starting()
    await daemon.stop()
    open()
    await expect(start).rejects.toThrow('the daemon was stopped')
    await expectNothingLeft()
  })

  test('while it reloads, too', async () => {
    const daemon = createDaemon(writeDaemonConfig())
    await daemon.start()
    const { opened, open } = gate()
    const asked = holdIdentity(opened)
    const reload = daemon.reload()
    await asked
    await daemon.stop()
    open()
    await reload
    await expectNothingLeft()
  })
})

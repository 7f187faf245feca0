import { rmSync, statSync, writeFileSync } from 'node:fs'
import { type Logger, pino } from 'pino'
import { describe, expect, test, vi } from 'vitest'
import {
  createDaemon,
  holdIdentity,
  inDirectory,
  statusOnSocket,
  tellMaster,
  writeDaemonConfig,
} from '../../../support/daemon.ts'
import { endpoint, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { gate } from '../../../support/fixtures.ts'
import { eniOf } from '../../../support/node.ts'

startEndpointForEachTest()

async function started(log?: Logger) {
  const daemon = createDaemon(writeDaemonConfig(), log)
  await daemon.start()
  return daemon
}

const tagsOfOwn = () => endpoint.region.tags.get(eniOf('db-1'))

describe('a reload', () => {
  test('takes another cluster, FIFO and pid file', async () => {
    const said: string[] = []
    const daemon = await started(pino({}, { write: (line: string) => said.push(line) }))
    const { configLoadedAt } = await statusOnSocket()
    const pidFile = inDirectory('other.pid')
    writeFileSync(pidFile, 'none')
    writeDaemonConfig({ cluster: 'web', keepalived: { fifo: inDirectory('other.fifo'), pidFile } })
    await daemon.reload()
    const status = await statusOnSocket()
    expect(status).toMatchObject({ cluster: 'web', configRejected: null, configRejectedSince: null })
    expect(Date.parse(status.configLoadedAt)).toBeGreaterThan(Date.parse(configLoadedAt))
    await vi.waitFor(() => expect(said.join()).toContain('other.pid holds no process id'), 5000)
    tellMaster('other.fifo')
    await vi.waitFor(() => expect(tagsOfOwn()?.get('vip-switch:web:VI_1')).toMatch(/^MASTER /), 5000)
  })

  test('that is wrong leaves the old config live, and says why and since when, until a good one comes', async () => {
    const daemon = await started()
    const { configLoadedAt } = await statusOnSocket()
    const before = Date.now()
    writeDaemonConfig({ intervall: '1s' })
    await daemon.reload()
    const first = await statusOnSocket()
    expect(first.configRejected).toContain('did you mean "interval"?')
    expect(first.configLoadedAt).toBe(configLoadedAt)
    expect(Date.parse(first.configRejectedSince ?? '')).toBeGreaterThanOrEqual(before)

    writeDaemonConfig({ control: inDirectory('other.sock') })
    await daemon.reload()
    const second = await statusOnSocket()
    expect(second.configRejected).toContain('a reload cannot change control')
    expect(second.configRejectedSince).toBe(first.configRejectedSince)

    writeDaemonConfig()
    await daemon.reload()
    expect(await statusOnSocket()).toMatchObject({ configRejected: null, configRejectedSince: null })
  })

  test('whose FIFO cannot be read leaves the old one live, which goes on to be read', async () => {
    const daemon = await started()
    const path = writeDaemonConfig({ keepalived: { fifo: inDirectory('config.yaml') } })
    expect(path).toBe(inDirectory('config.yaml'))
    await daemon.reload()
    expect(await statusOnSocket()).toMatchObject({
      configRejected: expect.stringContaining('is not a FIFO'),
      instances: [{ name: 'VI_1' }],
    })
    tellMaster()
    await vi.waitFor(() => expect(writes()).toHaveLength(2), 5000)
  })

  test('goes on without a FIFO where neither the new one nor the old one can be read, until the old one can', async () => {
    const daemon = await started()
    writeDaemonConfig({ keepalived: { fifo: inDirectory('config.yaml') } })
    rmSync(inDirectory('notify.fifo'))
    writeFileSync(inDirectory('notify.fifo'), '')
    await daemon.reload()
    expect(await statusOnSocket()).toMatchObject({ configRejected: expect.stringContaining('is not a FIFO') })
    rmSync(inDirectory('notify.fifo'))
    await expect
      .poll(() => statSync(inDirectory('notify.fifo'), { throwIfNoEntry: false })?.isFIFO(), { timeout: 10_000 })
      .toBe(true)
    tellMaster()
    await vi.waitFor(() => expect(writes()).toHaveLength(2), 5000)
  })

  test('takes the place of one that still waits for EC2', async () => {
    const daemon = await started()
    const { opened, open } = gate()
    const asked = holdIdentity(opened)
    writeDaemonConfig({ cluster: 'older' })
    const older = daemon.reload()
    await asked
    writeDaemonConfig({ cluster: 'newer' })
    await Promise.all([daemon.reload(), older])
    open()
    expect(await statusOnSocket()).toMatchObject({ cluster: 'newer', configRejected: null })
  })
})

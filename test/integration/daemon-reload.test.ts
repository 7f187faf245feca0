import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { askDaemon } from '../../src/agent/control.ts'
import { Daemon } from '../../src/agent/daemon.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLog } from '../fixtures.ts'
import { environmentFor } from './cli.ts'
import { directory, endpoint, startEndpointForEachTest } from './endpoint.ts'
import { byIds, eniOf } from './node.ts'

startEndpointForEachTest()

test('a config whose FIFO cannot be read leaves the old one live, and says why', async () => {
  for (const [name, value] of Object.entries(environmentFor(endpoint))) vi.stubEnv(name, value)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const path = join(directory, 'config.yaml')
  const control = join(directory, 'control.sock')
  const writeConfig = (fifo: string) =>
    writeFile(
      path,
      `{ cluster: db, eni: ${eniOf('db-1')}, control: ${control}, keepalived: { fifo: ${fifo}, pidFile: ${directory}/none.pid },
         instances: { VI_1: { ${byIds()} } } }`,
    )
  const fifo = join(directory, 'notify.fifo')
  await writeConfig(fifo)
  const daemon = new Daemon({ configPath: path, stateDirectory: directory, clock: systemClock, log: silentLog })
  await daemon.start()
  onTestFinished(() => daemon.stop())

  await writeConfig(path)
  await daemon.reload()
  expect(await askDaemon(control, { ask: 'status' })).toMatchObject({
    ok: true,
    status: { configRejected: expect.stringContaining('is no FIFO'), instances: [{ name: 'VI_1' }] },
  })

  // The old generation reads its FIFO still: an event that is written there is heard.
  await writeFile(fifo, 'INSTANCE "VI_1" MASTER 150\n', { flag: 'a' })
  await vi.waitFor(() => expect(endpoint.requests.map(({ action }) => action)).toContain('ReplaceRoute'), 5000)
})

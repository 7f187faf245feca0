/** What comes again and again, and how much a daemon makes of it. */
import { appendFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { signalIfAlive } from '../../../../src/lab/cleanup.ts'
import { startLogged } from '../../../../src/lab/logged-process.ts'
import { environmentFor, PROGRAM } from '../../../support/cli.ts'
import { inDirectory, statusOnSocket, writeDaemonConfig } from '../../../support/daemon.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf } from '../../../support/node.ts'

startEndpointForEachTest()

async function startedProcess() {
  const command = [process.execPath, PROGRAM, 'reconcile', '--config', writeDaemonConfig(), '--state-dir', directory]
  const daemon = await startLogged(command, environmentFor(endpoint))
  onTestFinished(daemon.kill)
  await daemon.line(/"started"/)
  return daemon
}

test('ten thousand lines that are no events of keepalived take few lines of the log, and are counted', async () => {
  const daemon = await startedProcess()
  const before = daemon.lines.length
  for (let written = 0; written < 10_000; written += 100) {
    await appendFile(inDirectory('notify.fifo'), `nonsense ${written}\n`.repeat(100))
  }
  await appendFile(inDirectory('notify.fifo'), 'INSTANCE "VI_1" BACKUP 100\n')
  await expect.poll(async () => (await statusOnSocket()).instances[0]?.claim.state).toBe('BACKUP')
  signalIfAlive(daemon.pid, 'SIGTERM')
  await daemon.exited
  const said = daemon.lines.slice(before).map(({ text }) => text)
  expect(said.filter((line) => line.includes('unrecognised line'))).toEqual([
    expect.stringContaining('"line":"nonsense 0"'),
    expect.stringMatching(/keepalived wrote an unrecognised line … 9999 more times within \d+ s/),
  ])
  expect(said.length).toBeLessThan(30)
})

test('a state that flaps thousands of times is published once a second, its end in any case, and logged in few lines', async () => {
  const daemon = await startedProcess()
  const before = daemon.lines.length
  const began = performance.now()
  for (let written = 0; written < 4000; written += 100) {
    await appendFile(inDirectory('notify.fifo'), 'INSTANCE "VI_1" MASTER 150\nINSTANCE "VI_1" BACKUP 150\n'.repeat(50))
    await delay(50)
  }
  await appendFile(inDirectory('notify.fifo'), 'INSTANCE "VI_1" BACKUP 77\n')
  const claim = () => endpoint.region.tags.get(eniOf('db-1'))?.get('vip-switch:db:VI_1')
  await expect.poll(claim, { timeout: 5000 }).toMatch(/^BACKUP prio=77 /)
  const seconds = Math.ceil((performance.now() - began) / 1000)
  const published = endpoint.requests.filter(({ action }) => action === 'CreateTags')
  expect(published.length).toBeLessThanOrEqual(2 + seconds)
  signalIfAlive(daemon.pid, 'SIGTERM')
  await daemon.exited
  expect(daemon.lines.length - before).toBeLessThan(300)
})

/** What comes again and again, and how much a daemon makes of it. */
import { appendFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { signalIfAlive } from '../../src/lab/cleanup.ts'
import { startLogged } from '../../src/lab/logged-process.ts'
import { environmentFor, PROGRAM } from './cli.ts'
import { inDirectory, statusOnSocket, writeDaemonConfig } from './daemon.ts'
import { directory, endpoint, startEndpointForEachTest } from './endpoint.ts'

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
    appendFileSync(inDirectory('notify.fifo'), `nonsense ${written}\n`.repeat(100))
  }
  appendFileSync(inDirectory('notify.fifo'), 'INSTANCE "VI_1" BACKUP 100\n')
  await expect.poll(async () => (await statusOnSocket()).instances[0]?.claim.state).toBe('BACKUP')
  signalIfAlive(daemon.pid, 'SIGTERM')
  await daemon.exited
  const said = daemon.lines.slice(before).map(({ text }) => text)
  expect(said.filter((line) => line.includes('no event'))).toEqual([
    expect.stringContaining('"line":"nonsense 0"'),
    expect.stringMatching(/keepalived wrote a line that is no event … 9999 more times within \d+ s/),
  ])
  expect(said.length).toBeLessThan(30)
})

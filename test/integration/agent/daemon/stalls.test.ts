/** A daemon that is not run for a while says so: it explains what else is seen. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { signalIfAlive } from '../../../../src/lab/cleanup.ts'
import { startLogged } from '../../../../src/lab/logged-process.ts'
import { environmentFor, PROGRAM } from '../../../support/cli.ts'
import { writeDaemonConfig } from '../../../support/daemon.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'

startEndpointForEachTest()

const STOOD_STILL = /this process did not run for (\d\.\d) s /

test('a daemon that was frozen says for how long', async () => {
  const command = [process.execPath, PROGRAM, 'reconcile', '--config', writeDaemonConfig(), '--state-dir', directory]
  const daemon = await startLogged(command, environmentFor(endpoint))
  onTestFinished(daemon.kill)
  await daemon.line(/"started"/)
  signalIfAlive(daemon.pid, 'SIGSTOP')
  await delay(2500)
  signalIfAlive(daemon.pid, 'SIGCONT')
  const { text } = await daemon.line(STOOD_STILL)
  expect(Number(STOOD_STILL.exec(text)?.[1])).toBeGreaterThanOrEqual(2)
})

/** What the daemon's log tells somebody who reads it at 3 a.m. */
import { writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { signalIfAlive } from '../../../../src/lab/cleanup.ts'
import { startLogged } from '../../../../src/lab/logged-process.ts'
import { environmentFor, PROGRAM, runProgram } from '../../../support/cli.ts'
import { inDirectory, tell, writeDaemonConfig } from '../../../support/daemon.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf } from '../../../support/node.ts'
import { claim } from '../../../support/onlooker.ts'

startEndpointForEachTest()

async function startedDaemon() {
  const config = writeDaemonConfig({ interval: '1s' })
  const command = [process.execPath, PROGRAM, 'reconcile', '--config', config, '--state-dir', directory]
  const daemon = await startLogged(command, environmentFor(endpoint))
  onTestFinished(daemon.kill)
  await daemon.line(/"started"/)
  return daemon
}

test('each change of state has its reason, from the start to the end', async () => {
  const daemon = await startedDaemon()
  tell('MASTER')
  await daemon.line(/"VI_1: UNKNOWN → MASTER \(keepalived’s FIFO\)"/)
  const hook = ['notify', '--config', inDirectory('config.yaml'), '--state-dir', directory]
  await runProgram([...hook, 'INSTANCE', 'VI_1', 'BACKUP', '150'], environmentFor(endpoint))
  await daemon.line(/"VI_1: MASTER → BACKUP \(keepalived’s hook\)"/)
  tell('MASTER')
  await daemon.line(/"VI_1: BACKUP → MASTER \(keepalived’s FIFO\)"/)
  // keepalived is gone: its pid file is, too.
  writeFileSync(inDirectory('keepalived.pid'), '4194304\n')
  await daemon.line(/"VI_1: MASTER → STOP \(keepalived does not run\)"/)
  signalIfAlive(daemon.pid, 'SIGTERM')
  await daemon.exited
  expect(daemon.lines.at(-1)?.text).toContain('"stopped by SIGTERM"')
})

test('names stand beside ids', async () => {
  claim('db-2', 'BACKUP', 100)
  const daemon = await startedDaemon()
  tell('MASTER')
  // The node itself is known by its claim.
  await daemon.line(/all 2 routes are in place/)
  claim('db-2', 'MASTER', 200)
  await daemon.line(new RegExp(`"VI_1 SPLIT-BRAIN: db-2 \\(${eniOf('db-2')}\\), MASTER 200`))
})

test('without permission to read them, the ids do', async () => {
  endpoint.region.deny.push({ action: 'DescribeInstances' })
  claim('db-2', 'BACKUP', 100)
  const daemon = await startedDaemon()
  tell('MASTER')
  await daemon.line(/all 2 routes are in place/)
  claim('db-2', 'MASTER', 200)
  await daemon.line(new RegExp(`"VI_1 SPLIT-BRAIN: ${eniOf('db-2')}, MASTER 200`))
  expect(endpoint.requests.filter(({ action }) => action === 'DescribeInstances')).toHaveLength(1)
})

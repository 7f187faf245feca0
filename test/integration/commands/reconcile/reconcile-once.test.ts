/** `vip-switch reconcile --once`: what a daemon would do, and nothing done. */
import { expect, test } from 'vitest'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import { writeDaemonConfig } from '../../../support/daemon.ts'
import { endpoint, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { eniOf } from '../../../support/node.ts'
import { MAKING } from '../../../support/onlooker.ts'

startEndpointForEachTest()

const once = (...words: string[]) =>
  runProgram(['reconcile', '--config', writeDaemonConfig(), ...words], environmentFor(endpoint))

test('tells an instance in a line, and writes nothing', async () => {
  // This node's keepalived does not run, so that the other is the only MASTER.
  MAKING['SPLIT-BRAIN']?.()
  const { exitCode, stdout } = await once('--once')
  expect(stdout).toMatch(/^VI_1 {2}DRIFT {2}we are UNKNOWN/)
  expect(exitCode).toBe(0)
  expect(writes()).toEqual([])
})

test('as JSON, tells a program', async () => {
  MAKING.DRIFT?.()
  const { exitCode, stdout, stderr } = await once('--once', '--json')
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    cluster: 'db',
    here: eniOf('db-1'),
    instances: [
      {
        name: 'VI_1',
        // The pid file of the config names no process.
        state: 'UNKNOWN',
        priority: null,
        condition: expect.any(String),
        action: 'none',
        intended: null,
        due: [],
        reason: expect.any(String),
      },
    ],
  })
  expect(stderr).toContain('state is unknown')
  expect(exitCode).toBe(0)
})

test('a daemon has no result that could be JSON', async () => {
  const { exitCode, stderr } = await once('--json')
  expect(exitCode).toBe(2)
  expect(stderr).toContain('--once')
})

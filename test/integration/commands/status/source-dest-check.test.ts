/** A source/dest check that is on again: the node's interface drops what is for the VIP, whatever the routes say. */
import { afterEach, expect, test, vi } from 'vitest'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import { createDaemon, statusOnSocket, tellMaster, writeDaemonConfig } from '../../../support/daemon.ts'
import { endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf } from '../../../support/node.ts'
import { claimBoth, lookOn } from '../../../support/onlooker.ts'

startEndpointForEachTest()
afterEach(() => vi.unstubAllEnvs())

function turnOn(node: string): void {
  const found = endpoint.region.interfaces.get(eniOf(node))
  if (!found) throw new Error(`${node} has no interface`)
  found.sourceDestCheck = true
}

const ADVICE = 'vip-switch doctor --fix'

test('check warns, of whichever node it is, though the condition is OK', async () => {
  claimBoth()
  turnOn('db-2')
  const { exitCode, stdout } = await lookOn(['check', 'VI_1'])
  expect(exitCode).toBe(1)
  expect(stdout).toMatch(/^VIP-SWITCH WARNING - VI_1: db-2 drops traffic for the VIPs: its source\/dest check is on /)
  expect(stdout).toContain(ADVICE)
  expect(stdout).toContain('VI_1 OK: the routes belong to db-1')
})

test('status says it, with what to do', async () => {
  claimBoth()
  turnOn('db-1')
  const { exitCode, stdout } = await lookOn(['status'])
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^VI_1 {2}OK\n/m)
  expect(stdout).toMatch(/^ {2}db-1 drops traffic for the VIPs: its source\/dest check is on\n {2}→ .*doctor --fix$/m)
  const [{ details }] = JSON.parse((await lookOn(['status', '--json'])).stdout).instances
  expect(details).toEqual([
    {
      kind: 'source-dest-check',
      message: expect.stringContaining(eniOf('db-1')),
      hint: expect.stringContaining(ADVICE),
    },
  ])
})

test('metrics have it', async () => {
  claimBoth()
  const line = async () =>
    /^vip_switch_detail\{.*detail="source-dest-check"\} (\d)$/m.exec(
      (await lookOn(['metrics', '--format', 'prometheus'])).stdout,
    )?.[1]
  expect(await line()).toBe('0')
  turnOn('db-2')
  expect(await line()).toBe('1')
})

test('nothing is said of a node that carries nothing anyway', async () => {
  claimBoth()
  turnOn('db-2')
  const found = endpoint.region.interfaces.get(eniOf('db-2'))
  delete found?.attachment
  expect((await lookOn(['check', 'VI_1'])).stdout).toMatch(/^VIP-SWITCH OK/)
})

test('a daemon tells it in its status and its log, once, until it is off again', async () => {
  const told: string[] = []
  const say = (about: string | object, text?: string) => void told.push(text ?? String(about))
  const config = writeDaemonConfig({ interval: '1s' })
  await createDaemon(config, { debug() {}, info() {}, warn: say, error: say }).start()
  tellMaster()
  turnOn('db-1')
  const details = async () => (await statusOnSocket()).instances[0]?.details.map(({ kind }) => kind)
  await vi.waitFor(async () => expect(await details()).toEqual(['source-dest-check']), 15_000)
  const { stdout } = await runProgram(['check', 'VI_1', '--config', config], environmentFor(endpoint))
  // By this look, and not by the daemon's once more.
  expect(stdout.match(/source\/dest check is on/g)).toHaveLength(1)
  const blind = await runProgram(
    ['status', 'VI_1', '--config', config],
    environmentFor(endpoint, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }),
  )
  expect(blind.stdout).toContain('source/dest check is on')

  for (const each of endpoint.region.interfaces.values()) each.sourceDestCheck = false
  await vi.waitFor(async () => expect(await details()).toEqual([]), 15_000)
  expect(told.filter((text) => text.includes('source/dest check'))).toHaveLength(1)
}, 40_000)

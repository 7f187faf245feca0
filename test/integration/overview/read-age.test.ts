/** How long ago EC2 was read: by the daemon of this host, and by whoever looks again and again. */
import { afterEach, expect, test, vi } from 'vitest'
import { callContextFor } from '../../../src/agent/node/route-port.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { createObserver } from '../../../src/overview/overview.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { environmentFor, runProgram } from '../../support/cli.ts'
import { createDaemon, statusOnSocket, tellMaster, writeDaemonConfig } from '../../support/daemon.ts'
import { endpoint, startEndpointForEachTest } from '../../support/endpoint.ts'
import { silentLog } from '../../support/fixtures.ts'
import { claimBoth, writeOnlookerConfig } from '../../support/onlooker.ts'

startEndpointForEachTest()
afterEach(() => vi.unstubAllEnvs())

test('the daemon’s age grows from its last good read on, whatever this look can read', async () => {
  const config = writeDaemonConfig({ interval: '1s' })
  await createDaemon(config).start()
  tellMaster()
  const age = async () => (await statusOnSocket()).instances[0]?.readAgeMs
  await vi.waitFor(async () => expect(await age()).not.toBeNull(), 15_000)
  endpoint.region.deny.push({ action: 'DescribeNetworkInterfaces' })
  await vi.waitFor(async () => expect(await age()).toBeGreaterThan(3000), 15_000)
  const run = (...words: string[]) => runProgram([...words, '--config', config], environmentFor(endpoint))
  expect((await run('status')).stdout).toMatch(/^ {2}the daemon here last read EC2 \d+ s ago$/m)
  expect((await run('check')).stdout).toMatch(/the daemon here last read EC2 \d+ s ago/)
  const { stdout } = await run('metrics', '--format', 'prometheus')
  expect(stdout).toMatch(/^vip_switch_read_age_seconds\{.*by="daemon"\} [3-9]\d*$/m)
  expect(stdout).not.toContain('by="look"')
}, 40_000)

test('who looks again and again knows when its last good look was', async () => {
  for (const [name, value] of Object.entries(environmentFor(endpoint))) vi.stubEnv(name, value)
  claimBoth()
  let now = 0
  const clock = { ...systemClock, now: () => now }
  const onlooker = createObserver(loadConfig(writeOnlookerConfig()), ['VI_1'], clock, 2000)
  const look = async () => (await onlooker.look(callContextFor(5000, silentLog))).readAge
  expect(await look()).toBe(0)
  endpoint.region.deny.push({ action: 'DescribeRouteTables' })
  now = 2000
  expect(await look()).toBe(2000)
  now = 4000
  expect(await look()).toBe(4000)
  endpoint.region.deny.length = 0
  expect(await look()).toBe(0)
})

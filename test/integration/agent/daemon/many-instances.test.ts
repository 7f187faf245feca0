/** One daemon with many VRRP instances: what it asks EC2 does not grow with them. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { createDaemon, inDirectory } from '../../../support/daemon.ts'
import { endpoint, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { eniOf, idOf, TABLES } from '../../../support/node.ts'

startEndpointForEachTest()

const INTERVAL_MS = 1000
const names = Array.from({ length: 20 }, (_, index) => `VI_${index}`)

function writeConfig(): string {
  const path = inDirectory('config.yaml')
  const routeTables = TABLES.map((name) => idOf(name, 'rtb'))
  const instances = names.map((name, index) => [name, { vips: [`10.99.${index}.1`, `10.99.${index}.2`], routeTables }])
  const keepalived = { fifo: inDirectory('notify.fifo'), pidFile: inDirectory('keepalived.pid') }
  writeFileSync(keepalived.pidFile, 'none')
  const config = {
    ...{ cluster: 'db', eni: eniOf('db-1'), control: inDirectory('control.sock'), keepalived, interval: '1s' },
    instances: Object.fromEntries(instances),
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

const reads = (action: string) => endpoint.requests.filter((request) => request.action === action).length

test('its agents fall into step: one read of the tables and one of the claims serve them all', async () => {
  const daemon = createDaemon(writeConfig())
  await daemon.start()
  // At different moments, so that nothing but the protocol brings them together.
  for (const name of names) {
    appendFileSync(inDirectory('notify.fifo'), `INSTANCE "${name}" MASTER 150\n`)
    await sleep(30)
  }
  const routes = names.length * 2 * TABLES.length
  const accepted = () => writes().filter(({ status }) => status === 200).length
  await vi.waitFor(() => expect(accepted()).toBeGreaterThanOrEqual(routes), 20_000)
  // The last look at an edge is three seconds after it.
  await sleep(4 * INTERVAL_MS)

  const before = { tables: reads('DescribeRouteTables'), claims: reads('DescribeNetworkInterfaces') }
  await sleep(5 * INTERVAL_MS)
  expect(reads('DescribeRouteTables') - before.tables).toBeGreaterThanOrEqual(3)
  expect(reads('DescribeRouteTables') - before.tables).toBeLessThanOrEqual(6)
  expect(reads('DescribeNetworkInterfaces') - before.claims).toBeLessThanOrEqual(6)
}, 40_000)

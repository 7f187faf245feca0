/** The interface of a node becomes another one while a hook without a daemon is at work. */
import { expect, test } from 'vitest'
import { deleteInterface, detachInterface, replaceInterface } from '../../../../src/lab/ec2/changes.ts'
import { logLines } from '../../../support/cli.ts'
import { endpoint, interceptWith, isWrite, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { both, byIds, eniOf, hook, idOf, MASTER, setTarget, targets } from '../../../support/node.ts'

startEndpointForEachTest()

const NEW_ADDRESS = '10.0.1.99'

const claimOn = (eni: string) => endpoint.region.tags.get(eni)?.get('vip-switch:db:VI_1')
const written = () => writes().map(({ params, error }) => [params.NetworkInterfaceId, error])

/** Runs db-1's hook of MASTER, which asks the instance who it is. */
async function askingHook() {
  for (const table of ['private-a', 'private-c']) setTarget(table, { field: 'networkInterfaceId', id: eniOf('db-2') })
  const { url } = await endpoint.startMetadata({ instanceId: idOf('db-1', 'i-') })
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: url }
  return hook('db-1', MASTER, { instance: byIds(), eni: null, flags: ['--deadline', '10s'], env })
}

/** Runs this once, before the first request to write. */
function beforeTheFirstWrite(change: () => void): void {
  let isDone = false
  interceptWith(({ action }) => {
    if (isDone || !isWrite(action)) return
    isDone = true
    change()
  })
}

test('a hook whose write names an interface that is gone asks the instance, and writes to the new one', async () => {
  const old = eniOf('db-1')
  let id = ''
  beforeTheFirstWrite(() => {
    id = replaceInterface(endpoint.region, old, NEW_ADDRESS).id
    deleteInterface(endpoint.region, old)
  })
  const run = await askingHook()
  expect(run.exitCode).toBe(0)
  expect(targets()).toEqual(both(id))
  expect(written()).toEqual([
    [old, 'InvalidNetworkInterfaceID.NotFound'],
    [old, 'InvalidNetworkInterfaceID.NotFound'],
    [id, undefined],
    [id, undefined],
  ])
  expect(claimOn(id)).toMatch(/^MASTER prio=150 addr=10\.0\.1\.99 /)
  const said = logLines(run).map(({ msg }) => msg)
  expect(said).toContain(`${old} is no longer an interface of this node: asking the instance which one it has now`)
  expect(said).toContain(`this node’s interface is now ${id} instead of ${old}`)
}, 20_000)

test('a late refusal of the interface before says nothing about the new one', async () => {
  const old = eniOf('db-1')
  let id = ''
  let first = true
  interceptWith(async ({ action, params }) => {
    if (!isWrite(action) || params.NetworkInterfaceId !== old) return
    if (first) {
      first = false
      id = replaceInterface(endpoint.region, old, NEW_ADDRESS).id
      deleteInterface(endpoint.region, old)
      return
    }
    // Answered when the routes are at the new one already.
    while (targets()['private-a'] !== id) await new Promise((resolve) => setImmediate(resolve))
  })
  const run = await askingHook()
  expect(run.exitCode).toBe(0)
  expect(targets()).toEqual(both(id))
  const doubts = logLines(run).filter(({ msg }) => String(msg).includes('asking the instance'))
  expect(doubts).toHaveLength(1)
}, 20_000)

test('a hook that reads that its interface is attached to no instance asks, and writes to the new one', async () => {
  const old = eniOf('db-1')
  let id = ''
  beforeTheFirstWrite(() => {
    id = replaceInterface(endpoint.region, old, NEW_ADDRESS).id
  })
  const run = await askingHook()
  expect(run.exitCode).toBe(0)
  expect(targets()).toEqual(both(id))
  expect(claimOn(id)).toMatch(/^MASTER /)
  expect(claimOn(old) ?? 'STOP ').toMatch(/^STOP /)
}, 20_000)

test('while the instance has no interface, a hook goes on asking until its deadline', async () => {
  const old = eniOf('db-1')
  const own = endpoint.region.interfaces.get(old)
  const attachment = own?.attachment
  let id = ''
  beforeTheFirstWrite(() => {
    detachInterface(endpoint.region, old)
    endpoint.region.interfaces.delete(old)
    setTimeout(() => {
      if (!own || !attachment) throw new Error('the seed attaches it')
      endpoint.region.interfaces.set(old, { ...own, attachment })
      id = replaceInterface(endpoint.region, old, NEW_ADDRESS).id
      endpoint.region.interfaces.delete(old)
    }, 1500)
  })
  const run = await askingHook()
  expect(targets()).toEqual(both(id))
  expect(run.exitCode).toBe(0)
}, 20_000)

test('an interface that the config names stays what it is, and the error says what to do', async () => {
  const old = eniOf('db-1')
  beforeTheFirstWrite(() => {
    replaceInterface(endpoint.region, old, NEW_ADDRESS)
    deleteInterface(endpoint.region, old)
  })
  const run = await hook('db-1', MASTER, { instance: byIds() })
  expect(run.exitCode).toBe(1)
  expect(logLines(run)).toContainEqual(
    expect.objectContaining({
      msg: expect.stringContaining('InvalidNetworkInterfaceID.NotFound'),
      hint: expect.stringMatching(/^eni in the config names it: correct it/),
    }),
  )
}, 20_000)

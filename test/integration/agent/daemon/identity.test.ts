/** The interface of a daemon's node becomes another one while it runs, and nobody tells it. */
import { existsSync, readFileSync } from 'node:fs'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { deleteInterface, detachInterface, replaceInterface } from '../../../../src/lab/ec2/changes.ts'
import { ApiError } from '../../../../src/lab/ec2/errors.ts'
import {
  createDaemon,
  inDirectory,
  statusOnSocket,
  tell,
  tellMaster,
  writeDaemonConfig,
} from '../../../support/daemon.ts'
import { endpoint, interceptWith, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { both, byIds, eniOf, idOf, setTarget, targets } from '../../../support/node.ts'

startEndpointForEachTest()

const NEW_ADDRESS = '10.0.1.99'

/** The daemon of db-1, which asks the instance who it is, in this state of keepalived. */
async function started(state: 'MASTER' | 'BACKUP', config: object = {}) {
  const said: string[] = []
  const path = writeDaemonConfig(
    { eni: undefined, ...config },
    `${byIds()}, hooks: { master: { run: [/bin/sh, -c, "echo master >> ${inDirectory('ran')}"] } }`,
  )
  const daemon = createDaemon(path, pino({}, { write: (line: string) => said.push(line) }))
  const { url } = await endpoint.startMetadata({ instanceId: idOf('db-1', 'i-') })
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', url)
  if (state === 'MASTER') await claims('db-2', 'BACKUP prio=100 addr=10.0.2.12 since=x beat=x')
  await daemon.start()
  tell('BACKUP')
  await vi.waitFor(() => expect(claimOn(eniOf('db-1'))).toMatch(/^BACKUP /))
  if (state === 'MASTER') {
    tellMaster()
    await vi.waitFor(async () => {
      expect(claimOn(eniOf('db-1'))).toMatch(/^MASTER /)
      expect(ran()).toEqual(['master'])
      expect((await statusOnSocket()).instances[0]?.edge).toBe(false)
    }, 8000)
  }
  const lines = () => said.map((line): Record<string, unknown> => JSON.parse(line))
  return { daemon, lines }
}

const claimOn = (eni: string) => endpoint.region.tags.get(eni)?.get('vip-switch:db:VI_1')
const claims = async (node: string, value: string) =>
  void endpoint.region.tags.set(eniOf(node), new Map([['vip-switch:db:VI_1', value]]))
const ran = () => (existsSync(inDirectory('ran')) ? readFileSync(inDirectory('ran'), 'utf8').trim().split('\n') : [])

/** Where the requests to write a route wanted it to go, with the error of the answer. */
const written = () => writes().map(({ params, error }) => [params.NetworkInterfaceId, error])

test('the routes of a MASTER follow its interface, and nothing else happens', async () => {
  const { lines } = await started('MASTER')
  const old = eniOf('db-1')
  const { id } = replaceInterface(endpoint.region, old, NEW_ADDRESS)
  deleteInterface(endpoint.region, old)
  await vi.waitFor(() => expect(targets()).toEqual(both(id)), 8000)
  await vi.waitFor(() => expect(claimOn(id)).toMatch(/^MASTER prio=150 addr=10\.0\.1\.99 /))
  const { eni, instances } = await statusOnSocket()
  expect(eni).toBe(id)
  expect(instances).toMatchObject([{ claim: { eni: id, state: 'MASTER' }, counters: { transitions: 2 } }])
  expect(ran()).toEqual(['master'])
  expect(lines().map(({ msg }) => msg)).toContain(`this node’s interface is now ${id} instead of ${old}`)
}, 30_000)

test('an edge that has written to an interface that is gone writes to the new one at once', async () => {
  const { lines } = await started('BACKUP')
  for (const table of ['private-a', 'private-c']) setTarget(table, { field: 'networkInterfaceId', id: eniOf('db-2') })
  const old = eniOf('db-1')
  const { id } = replaceInterface(endpoint.region, old, NEW_ADDRESS)
  deleteInterface(endpoint.region, old)
  const asked = endpoint.requests.length
  tellMaster()
  await vi.waitFor(() => expect(targets()).toEqual(both(id)))
  const actions = endpoint.requests.slice(asked).map(({ action }) => action)
  const last = actions.lastIndexOf('ReplaceRoute')
  // The one that goes out beside the first writes, and the one beside the next: no look was waited for.
  expect(actions.slice(0, last).filter((action) => action === 'DescribeRouteTables').length).toBeLessThanOrEqual(2)
  expect(written()).toEqual([
    [old, 'InvalidNetworkInterfaceID.NotFound'],
    [old, 'InvalidNetworkInterfaceID.NotFound'],
    [id, undefined],
    [id, undefined],
  ])
  const hints = lines().flatMap(({ level, hint }) => (level === 50 ? [hint] : []))
  expect(hints).toContain('the instance is asked which interface it has now')
})

test('a BACKUP claims by its new interface, too', async () => {
  await started('BACKUP', { interval: '1s' })
  const old = eniOf('db-1')
  const { id } = replaceInterface(endpoint.region, old, NEW_ADDRESS)
  await vi.waitFor(() => expect(claimOn(id)).toMatch(/^BACKUP /), 15_000)
  await vi.waitFor(() => expect(claimOn(old)).toMatch(/^STOP /))
}, 30_000)

test('what it has claimed by an interface that another instance has now is withdrawn', async () => {
  await started('MASTER')
  const old = eniOf('db-1')
  const { id, attachment } = replaceInterface(endpoint.region, old, NEW_ADDRESS)
  const kept = endpoint.region.interfaces.get(old)
  if (kept && attachment) kept.attachment = { ...attachment, instanceId: idOf('db-2', 'i-') }
  await vi.waitFor(() => expect(targets()).toEqual(both(id)), 15_000)
  await vi.waitFor(() => expect(claimOn(old)).toMatch(/^STOP /))
  expect(claimOn(id)).toMatch(/^MASTER /)
}, 30_000)

test('an interface of another network is asked about, as one that is gone', async () => {
  const { lines } = await started('BACKUP')
  const old = eniOf('db-1')
  const { id } = replaceInterface(endpoint.region, old, NEW_ADDRESS)
  interceptWith(({ action, params }) => {
    if (action !== 'ReplaceRoute' || params.NetworkInterfaceId !== old) return
    throw new ApiError('InvalidParameterValue', `Route table rtb-1 and interface ${old} belong to different networks`)
  })
  tellMaster()
  await vi.waitFor(() => expect(targets()).toEqual(both(id)))
  expect(lines().some(({ msg }) => `${msg}`.startsWith('this node’s interface is '))).toBe(true)
})

test('while the instance has none it is asked again and again', async () => {
  const { lines } = await started('MASTER')
  const old = eniOf('db-1')
  const own = endpoint.region.interfaces.get(old)
  const attachment = own?.attachment
  detachInterface(endpoint.region, old)
  await vi.waitFor(
    () => expect(lines().map(({ msg }) => msg)).toContain('IMDS reports no ENI for the primary interface'),
    8000,
  )
  if (own && attachment) own.attachment = attachment
  const { id } = replaceInterface(endpoint.region, old, NEW_ADDRESS)
  await vi.waitFor(() => expect(targets()).toEqual(both(id)), 3000)
}, 30_000)

test('one that the config names stays what it is, and the log says what to do', async () => {
  const { lines } = await started('BACKUP', { eni: eniOf('db-1') })
  const old = eniOf('db-1')
  replaceInterface(endpoint.region, old, NEW_ADDRESS)
  deleteInterface(endpoint.region, old)
  tellMaster()
  await vi.waitFor(() =>
    expect(lines()).toContainEqual(
      expect.objectContaining({
        msg: expect.stringContaining('InvalidNetworkInterfaceID.NotFound'),
        hint: expect.stringMatching(/^eni in the config names it: correct it, .* systemctl reload vip-switch$/),
      }),
    ),
  )
  expect((await statusOnSocket()).eni).toBe(old)
})

/** Claims in a DynamoDB table, over the wire. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openEc2 } from '../../../../src/adapters/ec2/client.ts'
import { openWitness } from '../../../../src/adapters/witness/open.ts'
import type { Claim } from '../../../../src/core/claim.ts'
import { closeServer, listen, urlOf } from '../../../../src/lab/ec2/http.ts'
import { systemClock } from '../../../../src/platform/clock.ts'
import { environmentFor } from '../../../support/cli.ts'
import {
  DOCUMENT,
  properties,
  startTable,
  TABLE,
  type TableServer,
  TimeToLiveSpecification,
} from '../../../support/dynamodb-table.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eni } from '../../../support/fixtures.ts'
import { eniOf } from '../../../support/node.ts'

startEndpointForEachTest()

/** A free port of this machine. */
const LOOPBACK = { host: '127.0.0.1', port: 0 }
const NOT_ABORTED = new AbortController().signal
const BEAT = Date.parse('2026-11-23T01:02:03.000Z')

const claimOf = (node: string, rest: Partial<Claim> = {}): Claim => ({
  eni: eni(eniOf(node)),
  state: 'MASTER',
  priority: 150,
  address: '10.0.1.11',
  since: '2026-11-23T01:02:00.000Z',
  beat: new Date(BEAT).toISOString(),
  ...rest,
})

const beatAt = (ms: number) => ({ beat: new Date(BEAT + ms).toISOString() })

/** The witness of a process of its own. */
async function openOn(table: Pick<TableServer, 'url'>, instances = ['VI_1'], rest: NodeJS.ProcessEnv = {}) {
  const env = { ...environmentFor(endpoint, { AWS_ENDPOINT_URL_DYNAMODB: table.url }), ...rest }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  const ec2 = await openEc2({ clock: systemClock, onWait: () => {} })
  const witness = openWitness({ cluster: 'db', witness: { type: 'dynamodb', table: TABLE, ttl: 3000 } }, ec2, instances)
  return {
    publish: (claim: Claim, instance = 'VI_1') => witness.publish(instance, claim, NOT_ABORTED),
    read: () => witness.read(NOT_ABORTED),
    claims: async (instance = 'VI_1') => (await witness.read(NOT_ABORTED)).get(instance)?.claims,
  }
}

test('a claim is an item that can be read in the console, and is read back as it was', async () => {
  const table = await startTable()
  const { publish, claims } = await openOn(table)
  await publish(claimOf('db-1'))
  const key = `VI_1#${eniOf('db-1')}`
  expect([...(await table.items())]).toEqual([
    [
      key,
      {
        cluster: 'db',
        claim: key,
        state: 'MASTER',
        prio: '150',
        addr: '10.0.1.11',
        since: '2026-11-23T01:02:00.000Z',
        beat: '2026-11-23T01:02:03.000Z',
        writer: expect.stringMatching(/^[0-9a-f-]{36}$/),
        expires: `${BEAT / 1000 + 7 * 86_400}`,
      },
    ],
  ])
  expect(await claims()).toEqual([{ claim: claimOf('db-1'), isUnreachable: false }])
})

test('the documented commands make the documented table, whose time to live is in the items', async () => {
  const words = (option: string) => new RegExp(`--${option} (.*?)(?: \\\\)?\\n`).exec(DOCUMENT)?.[1]?.split(' ')
  const text = (each: object) =>
    Object.entries(each)
      .map(([name, value]) => `${name}=${value}`)
      .join(',')
  expect(words('attribute-definitions')).toEqual(properties.AttributeDefinitions.map(text))
  expect(words('key-schema')).toEqual(properties.KeySchema.map(text))
  expect(words('time-to-live-specification')).toEqual([
    `Enabled=true,AttributeName=${TimeToLiveSpecification.AttributeName}`,
  ])
  const table = await startTable()
  await (await openOn(table)).publish(claimOf('db-1'))
  const [item] = (await table.items()).values()
  expect(Number(item?.[TimeToLiveSpecification.AttributeName]) * 1000).toBeGreaterThan(BEAT)
})

test('a priority that nobody knows is none', async () => {
  const { publish, claims } = await openOn(await startTable())
  await publish(claimOf('db-1', { priority: undefined }))
  expect(await claims()).toEqual([{ claim: claimOf('db-1', { priority: undefined }), isUnreachable: false }])
})

test('a request that comes late does not hide a newer claim of its process', async () => {
  const { publish, claims } = await openOn(await startTable())
  await publish(claimOf('db-1', beatAt(1000)))
  await expect(publish(claimOf('db-1'))).rejects.toThrow('DynamoDB answered ConditionalCheckFailedException')
  expect(await claims()).toEqual([{ claim: claimOf('db-1', beatAt(1000)), isUnreachable: false }])
  // The same request again, whose first answer was lost.
  await publish(claimOf('db-1', beatAt(1000)))
})

test('a node whose clock was set back publishes again as soon as its daemon starts anew', async () => {
  const table = await startTable()
  await (await openOn(table)).publish(claimOf('db-1', beatAt(60_000)))
  const { publish, claims } = await openOn(table)
  await publish(claimOf('db-1'))
  await publish(claimOf('db-1', beatAt(1)))
  expect(await claims()).toEqual([{ claim: claimOf('db-1', beatAt(1)), isUnreachable: false }])
})

test('all claims of a cluster are read with one query, which is consistent', async () => {
  const table = await startTable()
  const { publish, read } = await openOn(table, ['VI_1', 'VI_2', 'VI_3'])
  await publish(claimOf('db-1'), 'VI_1')
  await publish(claimOf('db-2'), 'VI_2')
  await table.put({ cluster: { S: 'other' }, claim: { S: `VI_3#${eniOf('db-1')}` }, state: { S: 'MASTER' } })
  table.calls.length = 0
  const testimonies = await read()
  expect([...testimonies].map(([name, { claims }]) => [name, claims.map(({ claim }) => claim.eni)])).toEqual([
    ['VI_1', [eniOf('db-1')]],
    ['VI_2', [eniOf('db-2')]],
    ['VI_3', []],
  ])
  expect(table.calls).toMatchObject([{ action: 'Query', input: { ConsistentRead: true } }])
})

test('claims that do not fit into one answer are read all the same', async () => {
  const table = await startTable()
  const { publish, claims } = await openOn(table)
  // A page ends with the megabyte.
  for (const name of ['a', 'b', 'c', 'd'])
    await table.put({ cluster: { S: 'db' }, claim: { S: name }, filler: { S: 'x'.repeat(390_000) } })
  await publish(claimOf('db-1'))
  // Behind them in the order of keys.
  await table.put({ cluster: { S: 'db' }, claim: { S: 'z' } })
  table.calls.length = 0
  expect(await claims()).toHaveLength(1)
  expect(table.calls.filter(({ action }) => action === 'Query').length).toBeGreaterThan(1)
})

test('an item that is no claim is not guessed, and one in the place of a claim is a doubt', async () => {
  const table = await startTable()
  const { read } = await openOn(table)
  const time = { S: '2026-11-23T01:02:03Z' }
  const whole = { cluster: { S: 'db' }, state: { S: 'MASTER' }, addr: { S: '10.0.1.11' }, since: time, beat: time }
  const [db1, db2] = [eniOf('db-1'), eniOf('db-2')]
  await table.put({ ...whole, claim: { S: `VI_1#${db1}` }, state: { S: 'master' } })
  await table.put({ ...whole, claim: { S: `VI_1#${db2}` }, prio: { N: '0.5' }, beat: { S: 'x'.repeat(300_000) } })
  await table.put({ ...whole, claim: { S: 'VI_1#eni-0a' }, beat: { BOOL: true } })
  await table.put({ ...whole, claim: { S: `VI_1#${db1}#2` } })
  await table.put({ ...whole, claim: { S: 'VI_1#i-0a' } })
  await table.put({ ...whole, claim: { S: 'VI_1' } })
  const testimony = (await read()).get('VI_1')
  expect(testimony?.claims).toEqual([])
  const doubts = new Map(testimony?.doubts.map(({ eni: id, why }) => [id, why]))
  expect(doubts).toEqual(
    new Map([
      [db1, expect.stringContaining('its state is "master", not one of MASTER')],
      [db2, 'its prio is "0.5", not a whole number from 1 to 255'],
      ['eni-0a', 'it has no beat'],
    ]),
  )
})

test('a claim is void whose interface is detached, or gone', async () => {
  const { publish, read } = await openOn(await startTable())
  await publish(claimOf('db-1'))
  await publish(claimOf('db-2', { eni: eni('eni-0dead') }))
  const detached = eni(eniOf('db-1'))
  delete endpoint.region.interfaces.get(detached)?.attachment
  const testimony = (await read()).get('VI_1')
  expect(new Map(testimony?.claims.map(({ claim, isUnreachable }) => [claim.eni, isUnreachable]))).toEqual(
    new Map([
      [eni('eni-0dead'), true],
      [detached, true],
    ]),
  )
  expect([...(testimony?.detached ?? [])].sort()).toEqual([eni('eni-0dead'), detached].sort())
})

test('of the interfaces of claims, those whose source/dest check is on are told', async () => {
  const { publish, read } = await openOn(await startTable())
  for (const node of ['db-1', 'db-2']) await publish(claimOf(node))
  const found = endpoint.region.interfaces.get(eniOf('db-2'))
  if (found) found.sourceDestCheck = true
  expect([...((await read()).get('VI_1')?.checked ?? [])]).toEqual([eniOf('db-2')])
})

test('pins stay tags, and are found on interfaces without a claim, too; the date is EC2’s', async () => {
  const { read } = await openOn(await startTable())
  const until = Date.parse('2026-11-23T02:00:00.000Z')
  const value = 'since=2026-11-23T01:00:00.000Z until=2026-11-23T02:00:00.000Z'
  endpoint.region.tags.get(eniOf('db-2'))?.set('vip-switch-pin:db:VI_1', value)
  const testimony = (await read()).get('VI_1')
  expect(testimony?.pins).toEqual([{ eni: eniOf('db-2'), since: until - 3_600_000, until }])
  expect(testimony?.detached.size).toBe(0)
  expect(Math.abs((testimony?.date ?? 0) - Date.now())).toBeLessThan(60_000)
})

test('a table that is not there, or out of reach, is named, with what to do', async () => {
  const table = await startTable()
  const { read, publish } = await openOn(table)
  await table.close()
  await expect(read()).rejects.toMatchObject({
    message: expect.stringMatching(/^reading claims in vip-switch: ECONNREFUSED/),
    hint: expect.stringContaining('DynamoDB'),
    class: 'retry',
  })
  await expect(publish(claimOf('db-1'))).rejects.toThrow('publishing the claim of')
  const other = await startTable()
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', other.url)
  const witness = openWitness(
    { cluster: 'db', witness: { type: 'dynamodb', table: 'none', ttl: 3000 } },
    await openEc2({ clock: systemClock, onWait: () => {} }),
    [],
  )
  await expect(witness.read(NOT_ABORTED)).rejects.toMatchObject({
    message: expect.stringContaining('DynamoDB answered ResourceNotFoundException'),
    hint: expect.stringContaining('docs/dynamodb.md'),
  })
})

const ID = { 'x-amzn-requestid': 'ABC123', 'content-type': 'application/x-amz-json-1.0' }

test.each<[string, number, string, Record<string, string>]>([
  ['a portal’s page', 200, '<!DOCTYPE html><title>guest network</title>', {}],
  ['an empty success', 200, '', ID],
  ['a success without a request id', 200, '{}', {}],
  ['half a success', 200, '{"Items":[', ID],
  ['a redirect', 302, '', { location: 'http://portal/' }],
  ['an error without a name', 400, '{"error":"no"}', ID],
  ['an empty 500', 500, '', ID],
])(
  '%s is no answer of DynamoDB: nothing is read, nothing is published, and both may be tried again',
  async (...odd) => {
    const [, status, body, headers] = odd
    const server = await listen((_, response) => response.writeHead(status, headers).end(body), LOOPBACK)
    onTestFinished(() => closeServer(server))
    const { read, publish } = await openOn({ url: urlOf(LOOPBACK.host, server) })
    const error = {
      class: 'retry',
      message: expect.stringMatching(/not a response from DynamoDB|a truncated response/),
    }
    await expect(read()).rejects.toMatchObject(error)
    await expect(publish(claimOf('db-1'))).rejects.toMatchObject(error)
  },
)

test.each(['ExpiredTokenException', 'UnrecognizedClientException', 'InvalidSignatureException'])(
  'credentials that DynamoDB refuses with %s are fetched anew, and the claims are read at once',
  async (code) => {
    const profile = join(directory, 'credentials')
    const writeKey = (id: string) =>
      writeFileSync(profile, `[default]\naws_access_key_id = ${id}\naws_secret_access_key = of-${id}\n`)
    const asked: string[] = []
    const server = await listen((request, response) => {
      const [, key = ''] = /Credential=([^/]+)/.exec(request.headers.authorization ?? '') ?? []
      asked.push(key)
      if (key === 'new') return void response.writeHead(200, ID).end('{"Items":[],"Count":0}')
      writeKey('new')
      return void response.writeHead(400, ID).end(`{"__type":"com.amazon.coral.service#${code}","message":"no"}`)
    }, LOOPBACK)
    onTestFinished(() => closeServer(server))
    writeKey('old')
    const { read } = await openOn({ url: urlOf(LOOPBACK.host, server) }, ['VI_1'], {
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_SHARED_CREDENTIALS_FILE: profile,
    })
    expect((await read()).get('VI_1')?.claims).toEqual([])
    expect(asked).toEqual(['old', 'new'])
  },
)

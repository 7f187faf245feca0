/** Which node this is: by IMDSv2, as EC2 serves it and as it fails. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { Server, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Ec2Error } from '../../../../src/adapters/ec2/errors.ts'
import {
  addressOfThisInstance,
  eniOfThisInstance,
  Metadata,
  regionOfThisInstance,
} from '../../../../src/adapters/ec2/instance-metadata.ts'
import { closeServer, listen, urlOf } from '../../../../src/lab/ec2/http.ts'
import type { Seed } from '../../../../src/lab/ec2/seed/schema.ts'
import { type Ec2Endpoint, startEc2Endpoint } from '../../../../src/lab/ec2/server.ts'
import { environmentFor, runProgram } from '../../../support/cli.ts'

/** A free port of this machine. */
const LOOPBACK = { host: '127.0.0.1', port: 0 }
const TABLE = 'rtb-0000000000000000a'
const NODE = 'i-00000000000000002'
const OLD = 'eni-00000000000000001'
const PRIMARY = 'eni-00000000000000020'
const SECOND = 'eni-00000000000000021'
const CONFIGURED = 'eni-00000000000000030'
/** Every Linux host has it. */
const LOOPBACK_MAC = '00:00:00:00:00:00'

const seed: Seed = {
  region: 'eu-west-1',
  vpcs: {
    lab: {
      cidrs: ['10.0.0.0/16'],
      subnets: { a: { zone: 'eu-west-1a', cidr: '10.0.1.0/24' } },
      instances: {
        'db-1': { interfaces: [{ id: OLD, addresses: ['10.0.1.11'] }] },
        'db-2': {
          id: NODE,
          interfaces: [
            { id: PRIMARY, addresses: ['10.0.1.20', '10.0.1.25'] },
            { id: SECOND, addresses: ['10.0.1.21'] },
          ],
        },
        'db-3': { interfaces: [{ id: CONFIGURED, addresses: ['10.0.1.30'] }] },
      },
      routeTables: { main: { main: true, id: TABLE, routes: { '10.99.0.10/32': 'db-1' } } },
    },
  },
}

describe('with the metadata service of EC2', () => {
  let endpoint: Ec2Endpoint
  let metadata: string
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
  beforeEach(async () => {
    endpoint = await startEc2Endpoint({ seed })
    const second = endpoint.region.interfaces.get(SECOND)
    if (second) second.mac = LOOPBACK_MAC
    metadata = (await endpoint.startMetadata({ instanceId: NODE })).url
  })
  afterEach(() => endpoint.close())
  afterAll(() => rmSync(directory, { recursive: true }))

  function run(values: string[], config: object, env: NodeJS.ProcessEnv = {}) {
    const path = join(directory, 'config.yaml')
    const instances = { VI_1: { vips: ['10.99.0.10'], routeTables: [TABLE] } }
    writeFileSync(path, JSON.stringify({ cluster: 'db', instances, ...config }))
    const rest = { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata, VIP_SWITCH_CONFIG: path, ...env }
    return runProgram(values, environmentFor(endpoint, rest))
  }

  test.each([
    ['the primary interface', {}, PRIMARY],
    ['the interface of that name, by its MAC address', { interface: 'lo' }, SECOND],
    ['the configured ENI', { eni: CONFIGURED }, CONFIGURED],
  ])('switch points an instance’s routes to this node: %s', async (_, config, eni) => {
    const { exitCode, stderr } = await run(['switch', 'VI_1', '-f'], config)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const route = endpoint.region.routeTables
      .get(TABLE)
      ?.routes.find((each) => each.destination.value.startsWith('10.99'))
    expect(route?.target.id).toBe(eni)
  })

  test('an interface that does not exist is an error that lists those that do', async () => {
    const { exitCode, stderr } = await run(['switch', 'VI_1', '-f'], { interface: 'ens999' })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('this host has no network interface ens999')
    expect(stderr).toContain(readdirSync('/sys/class/net').join(', '))
    expect(endpoint.requests.map(({ action }) => action)).not.toContain('ReplaceRoute')
  })

  test('an interface that is no ENI of this instance is an error', async () => {
    const second = endpoint.region.interfaces.get(SECOND)
    if (second) second.mac = '06:00:00:00:00:01'
    const { exitCode, stderr } = await run(['switch', 'VI_1', '-f'], { interface: 'lo' })
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`IMDS reports no ENI for interface lo (${LOOPBACK_MAC})`)
  })

  test('the address is the primary one of the interface', async () => {
    const session = new Metadata(metadata)
    expect(await addressOfThisInstance(undefined, session)).toBe('10.0.1.20')
    expect(await addressOfThisInstance('lo', session)).toBe('10.0.1.21')
  })

  test('the region is the config’s, else the environment’s, else this instance’s', async () => {
    const regionOf = async (config: object, env: NodeJS.ProcessEnv) =>
      JSON.parse((await run(['list', '--json'], config, env)).stdout).region
    expect(await regionOf({ region: 'us-east-1' }, { AWS_REGION: 'us-east-2' })).toBe('us-east-1')
    expect(await regionOf({}, { AWS_REGION: 'us-east-2' })).toBe('us-east-2')
    expect(await regionOf({}, { AWS_REGION: undefined })).toBe('eu-west-1')
  })

  test('its endpoint is taken from the environment', async () => {
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', `${metadata}/`)
    expect(await new Metadata().get('instance-id')).toBe(NODE)
    vi.unstubAllEnvs()
  })
})

describe('a session with the metadata service', () => {
  let server: Server
  let url: string
  /** Method, path and token of each request. */
  let requests: string[]
  /** What is answered to a GET, by its token; a token is t1, t2 … in the order of their making. */
  let respond: (response: ServerResponse, token: string, path: string) => void
  let tokenStatus: number
  /** What is answered instead of a token. */
  let answerToken: ((response: ServerResponse) => void) | undefined
  beforeAll(async () => {
    server = await listen((request, response) => {
      const token = String(request.headers['x-aws-ec2-metadata-token'] ?? '')
      requests.push([request.method, request.url, token].join(' ').trim())
      if (request.method !== 'PUT') return respond(response, token, request.url ?? '')
      if (answerToken) return answerToken(response)
      const made = requests.filter((each) => each.startsWith('PUT')).length
      const lifetime = request.headers['x-aws-ec2-metadata-token-ttl-seconds']
      response.writeHead(lifetime === '21600' ? tokenStatus : 400).end(`t${made}`)
    }, LOOPBACK)
    url = urlOf(LOOPBACK.host, server)
  })
  beforeEach(() => {
    requests = []
    tokenStatus = 200
    answerToken = undefined
    respond = (response, _, path) => response.end(path.split('/').at(-1))
  })
  afterAll(() => closeServer(server))

  const TOKEN = 'PUT /latest/api/token'
  const failure = (work: Promise<unknown>) =>
    work.then(
      (value) => Promise.reject(new Error(`expected a failure, got ${value}`)),
      (error: unknown) => error,
    )

  test('asks for one token, and uses it for every value', async () => {
    const metadata = new Metadata(url)
    expect(await metadata.get('mac')).toBe('mac')
    expect(await Promise.all([metadata.get('instance-id'), metadata.get('placement/region')])).toEqual([
      'instance-id',
      'region',
    ])
    expect(requests.sort()).toEqual([
      'GET /latest/meta-data/instance-id t1',
      'GET /latest/meta-data/mac t1',
      'GET /latest/meta-data/placement/region t1',
      TOKEN,
    ])
  })

  test('renews a token that is no longer good', async () => {
    const metadata = new Metadata(url)
    await metadata.get('mac')
    respond = (response, token) => response.writeHead(token === 't1' ? 401 : 200).end('new')
    expect(await metadata.get('mac')).toBe('new')
    expect(requests.slice(2)).toEqual(['GET /latest/meta-data/mac t1', TOKEN, 'GET /latest/meta-data/mac t2'])
  })

  test('and only once', async () => {
    respond = (response) => response.writeHead(401).end()
    expect(await failure(new Metadata(url).get('mac'))).toMatchObject({ message: expect.stringContaining('401') })
    expect(requests.filter((each) => each === TOKEN)).toHaveLength(2)
    expect(requests).toHaveLength(4)
  })

  test('knows a value that is not there from a failure', async () => {
    respond = (response) => response.writeHead(404).end()
    expect(await new Metadata(url).get('spot/instance-action')).toBeUndefined()
    await expect(regionOfThisInstance(new Metadata(url))).rejects.toThrow('IMDS does not report the region')
    await expect(eniOfThisInstance(undefined, new Metadata(url))).rejects.toThrow('no ENI for the primary interface')
  })

  test('takes an interface-id that is none for none', async () => {
    await expect(eniOfThisInstance('lo', new Metadata(url))).rejects.toThrow('IMDS reports no ENI for interface lo')
    expect(requests.at(-1)).toContain(`/network/interfaces/macs/${LOOPBACK_MAC}/interface-id`)
  })

  test('can be retried after a throttled or a lost answer', async () => {
    respond = (response) => response.writeHead(503).end()
    expect(await failure(new Metadata(url).get('mac'))).toMatchObject({ class: 'retry' })
    respond = (response) => response.destroy()
    expect(await failure(new Metadata(url).get('mac'))).toMatchObject({ class: 'retry', code: 'ECONNRESET' })
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ['a page', (response) => response.end('<!DOCTYPE html><title>guest network</title>')],
    ['nothing', (response) => response.end()],
    ['what no text is', (response) => response.end(Buffer.from([0x1b, 0x5b, 0x32, 0x4a]))],
    ['a redirect', (response) => response.writeHead(302, { location: 'http://portal/' }).end()],
    ['a proxy’s demand for a login', (response) => response.writeHead(407).end()],
    ['an answer without an end', (response) => response.write('0'.repeat(100_000))],
    ['an answer that drips', (response) => void setInterval(() => response.write('0'), 50).unref()],
  ])('can be retried where %s is answered, and takes it neither for a token nor for a value', async (_, odd) => {
    respond = odd
    const value = await failure(new Metadata(url).get('mac'))
    expect(value).toMatchObject({ class: 'retry', message: expect.stringMatching(/^asking IMDS for mac: /) })
    answerToken = odd
    const token = await failure(new Metadata(url).get('mac'))
    expect(token).toMatchObject({ class: 'retry', message: expect.stringMatching(/for an IMDSv2 token: /) })
  })

  test('takes no region from it that cannot be one', async () => {
    respond = (response) => response.end('attacker.example/#')
    expect(await failure(regionOfThisInstance(new Metadata(url)))).toMatchObject({
      class: 'retry',
      message: expect.stringContaining('asking IMDS for the region: '),
    })
  })

  test('asks for a token again after it got none', async () => {
    const metadata = new Metadata(url)
    tokenStatus = 503
    expect(await failure(metadata.get('mac'))).toMatchObject({ class: 'retry' })
    tokenStatus = 200
    expect(await metadata.get('mac')).toBe('mac')
  })

  test('that refuses tokens says how to enable it', async () => {
    tokenStatus = 403
    const error = await failure(new Metadata(url).get('mac'))
    expect(error).toMatchObject({ class: 'fatal', message: expect.stringMatching(/IMDSv2 token.*403/) })
    expect(error).toMatchObject({ hint: expect.stringContaining('--http-endpoint enabled') })
    expect(requests).toEqual([TOKEN])
  })

  test('that is not there, or does not answer, hints at the hop limit', async () => {
    const refused = await failure(new Metadata('http://127.0.0.1:9').get('mac'))
    const silent = await listen(() => {}, LOOPBACK)
    const late = await failure(new Metadata(urlOf(LOOPBACK.host, silent)).get('mac'))
    await closeServer(silent)
    for (const error of [refused, late]) {
      expect(error).toBeInstanceOf(Ec2Error)
      expect(error).toMatchObject({ class: 'retry', hint: expect.stringContaining('--http-put-response-hop-limit 2') })
    }
    expect(late).toMatchObject({ message: expect.stringContaining('no answer within 1000 ms') })
  })
})

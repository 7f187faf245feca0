/** What is not EC2's answer is not taken for one, whoever gives it: a captive portal, a proxy, a broken server. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Ec2, openEc2 } from '../../../../src/adapters/ec2/client.ts'
import { isVerdict } from '../../../../src/adapters/ec2/errors.ts'
import { writeRoute } from '../../../../src/adapters/ec2/operations/routes.ts'
import { readTables } from '../../../../src/adapters/ec2/operations/tables.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { ForeignAnswer } from '../../../../src/lab/ec2/errors.ts'
import { closeServer, listen, urlOf } from '../../../../src/lab/ec2/http.ts'
import { systemClock } from '../../../../src/platform/clock.ts'
import { environmentFor } from '../../../support/cli.ts'
import { createDaemon, statusOnSocket, tell, tellMaster, writeDaemonConfig } from '../../../support/daemon.ts'
import { endpoint, interceptWith, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { eni, rtb } from '../../../support/fixtures.ts'
import { both, byIds, eniOf, hook, MASTER, setTarget, targets } from '../../../support/node.ts'

type Respond = (response: ServerResponse, request: IncomingMessage) => void

const PAGE = '<!DOCTYPE html><html><title>Welcome to the guest network</title></html>'
const NO_ANSWER = 'not a response from EC2: is a proxy or captive portal in between?'
const signal = new AbortController().signal

/** EC2, as far as a server answers for it that is not EC2. */
async function openAt(respond: Respond, env: NodeJS.ProcessEnv = {}): Promise<Ec2> {
  const server = await listen((request, response) => respond(response, request), { host: '127.0.0.1', port: 0 })
  const url = urlOf('127.0.0.1', server)
  for (const [name, value] of Object.entries(environmentFor(undefined, { AWS_ENDPOINT_URL: url, ...env }))) {
    vi.stubEnv(name, value)
  }
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await closeServer(server)
  })
  return openEc2({ clock: systemClock, onWait: () => {} })
}

const answering =
  (status: number, body = '', headers: Record<string, string> = {}): Respond =>
  (response) =>
    response.writeHead(status, headers).end(body)

const write = (ec2: Ec2) =>
  writeRoute(ec2, { table: rtb('rtb-0a'), vip: parseVip('10.99.0.10') }, eni('eni-0a'), false, 'edge', {
    signal,
    clock: systemClock,
    permit: () => {},
    beforeHedge: () => {},
  })
const read = (ec2: Ec2) => readTables(ec2, 'all', signal)

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => Promise.reject(new Error(`it was taken for an answer: ${JSON.stringify(value)}`)),
    (error: unknown) => error,
  )

const replaced = (content: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ReplaceRouteResponse>${content}</ReplaceRouteResponse>`
const ID = '<requestId>6f3b-1</requestId>'
const failed = (content: string, id = '<RequestID>6f3b-1</RequestID>') =>
  `<Response><Errors><Error>${content}</Error></Errors>${id}</Response>`

describe('no answer of EC2', () => {
  test.each<[string, Respond, string]>([
    ['a portal’s page', answering(200, PAGE, { 'content-type': 'text/html' }), `HTTP 200, an HTML page, ${NO_ANSWER}`],
    ['an empty success', answering(200), `HTTP 200, an empty body, ${NO_ANSWER}`],
    ['an empty 204', answering(204), `HTTP 204, an empty body, ${NO_ANSWER}`],
    ['some text', answering(200, 'It works!'), `HTTP 200, unknown content, ${NO_ANSWER}`],
    ['some JSON', answering(200, '{"return":true}'), `HTTP 200, unknown content, ${NO_ANSWER}`],
    ['XML of something else', answering(200, '<feed><id>1</id></feed>'), `HTTP 200, unknown content, ${NO_ANSWER}`],
    [
      'an answer to another action',
      answering(200, replaced(ID).replaceAll('Replace', 'Create')),
      `HTTP 200, unknown content, ${NO_ANSWER}`,
    ],
    [
      'an answer without a request id',
      answering(200, replaced('<return>true</return>')),
      `HTTP 200, unknown content, ${NO_ANSWER}`,
    ],
    ['a redirect to a login', answering(302, '', { location: 'http://portal/' }), `HTTP 302, a redirect, ${NO_ANSWER}`],
    ['a proxy that wants a login', answering(407, PAGE), `HTTP 407, a proxy login request, ${NO_ANSWER}`],
    ['a page with 401', answering(401, PAGE), `HTTP 401, an HTML page, ${NO_ANSWER}`],
    ['a page with 403', answering(403, `\n<html>${PAGE}`), `HTTP 403, an HTML page, ${NO_ANSWER}`],
    ['a page with 503', answering(503, PAGE), `HTTP 503, an HTML page, ${NO_ANSWER}`],
    ['an empty 400', answering(400), `HTTP 400, an empty body, ${NO_ANSWER}`],
    ['an empty 500', answering(500), `HTTP 500, an empty body, ${NO_ANSWER}`],
    [
      'an error without a code',
      answering(400, failed('<Message>no</Message>')),
      `HTTP 400, unknown content, ${NO_ANSWER}`,
    ],
    [
      'an error with an odd code',
      answering(400, failed('<Code>\x1b[2J oh no</Code>')),
      `HTTP 400, unknown content, ${NO_ANSWER}`,
    ],
    [
      'an error without a request id',
      answering(400, failed('<Code>Odd</Code>', '')),
      `HTTP 400, unknown content, ${NO_ANSWER}`,
    ],
    ['a truncated answer', answering(200, replaced(ID).slice(0, -9)), 'HTTP 200, a truncated response'],
    ['a truncated error', answering(400, failed('<Code>Odd</Code>').slice(0, -3)), 'HTTP 400, a truncated response'],
    [
      'an answer that says no',
      answering(200, replaced(`${ID}<return>false</return>`)),
      'EC2 accepted the request but did not carry it out',
    ],
  ])('%s: a write is not done, and may be sent again', async (_, respond, text) => {
    const error = await failureOf(write(await openAt(respond)))
    expect(error).toMatchObject({
      class: 'retry',
      message: expect.stringMatching(/^ReplaceRoute 10\.99\.0\.10\/32 in rtb-0a to eni-0a: /),
    })
    expect(error).toMatchObject({ message: expect.stringContaining(text), hint: expect.any(String) })
    expect(error).not.toMatchObject({ message: expect.stringMatching(/Unknown|oh no/) })
    // Of a write that is hedged, the other attempt may still be answered by EC2.
    expect(isVerdict(error)).toBe(false)
  })

  test.each<[string, Respond, string]>([
    ['a portal’s page', answering(200, PAGE), `HTTP 200, an HTML page, ${NO_ANSWER}`],
    ['an empty success', answering(200), `HTTP 200, an empty body, ${NO_ANSWER}`],
    ['an answer to another action', answering(200, replaced(ID)), `HTTP 200, unknown content, ${NO_ANSWER}`],
    [
      'a truncated list',
      answering(200, `<DescribeRouteTablesResponse>${ID}<routeTableSet></routeTableSet>`),
      'a truncated response',
    ],
  ])('%s: there is no table where nothing was read', async (_, respond, text) => {
    const error = await failureOf(read(await openAt(respond)))
    expect(error).toMatchObject({ class: 'retry', message: expect.stringContaining(text) })
  })

  test('a page of STS’s, where a role is to be assumed', async () => {
    await openAt(answering(200, PAGE))
    const assumeRole = 'arn:aws:iam::123456789012:role/route-owner'
    const ec2 = await openEc2({ assumeRole, clock: systemClock, onWait: () => {} })
    expect(await failureOf(read(ec2))).toMatchObject({
      class: 'retry',
      message: expect.stringContaining(
        'an HTML page, not a response from STS: is a proxy or captive portal in between?',
      ),
    })
  })

  test.each([
    ['a page', answering(200, PAGE)],
    ['nothing', answering(200)],
    ['a redirect', answering(302)],
  ])('%s of IMDS’s, where it is asked for credentials', async (_, respond) => {
    await openAt(respond)
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', process.env.AWS_ENDPOINT_URL)
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined)
    const ec2 = await openEc2({ clock: systemClock, onWait: () => {} })
    expect(await failureOf(read(ec2))).toMatchObject({ class: 'retry', code: 'CredentialsProviderError' })
  })

  test('plain HTTP where TLS is spoken', async () => {
    let url = ''
    await openAt((response) => response.end())
    url = (process.env.AWS_ENDPOINT_URL ?? '').replace('http:', 'https:')
    vi.stubEnv('AWS_ENDPOINT_URL', url)
    const ec2 = await openEc2({ clock: systemClock, onWait: () => {} })
    expect(await failureOf(read(ec2))).toMatchObject({ class: 'retry' })
  })

  test('what is no HTTP', async () => {
    expect(
      await failureOf(read(await openAt((response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n')))),
    ).toMatchObject({
      class: 'retry',
    })
  })
})

test('EC2’s answers, as it and its doubles give them, are its answers', async () => {
  const answers = [
    replaced(`${ID}<return>true</return>`),
    `<ReplaceRouteResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">\n    ${ID}\n    <return>true</return>\n</ReplaceRouteResponse>\n`,
    replaced(ID),
  ]
  const ec2 = await openAt((response) => response.end(answers.shift()))
  for (const _ of [...answers]) expect(await write(ec2)).toBe('replaced')
})

describe('between a node and EC2', () => {
  startEndpointForEachTest()
  const portal = new ForeignAnswer(200, PAGE, { 'content-type': 'text/html' })

  async function instance() {
    const [only] = (await statusOnSocket()).instances
    if (!only) throw new Error('the daemon has no instance')
    return only
  }

  test.each<[string, ForeignAnswer]>([
    ['a portal', portal],
    ['nobody', new ForeignAnswer(200)],
    ['a redirect', new ForeignAnswer(302, '', { location: 'http://portal/' })],
    ['a proxy that wants a login', new ForeignAnswer(407, PAGE)],
    ['a proxy that forbids', new ForeignAnswer(403, PAGE)],
  ])('%s answers: a hook tries until EC2 does', async (_, foreign) => {
    interceptWith(() => {
      if (endpoint.requests.length <= 6) throw foreign
    })
    const run = await hook('db-2', MASTER, { instance: byIds() })
    expect(run.exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-2')))
    expect(run.stderr).toContain(`HTTP ${foreign.status}, `)
    expect(run.stderr).toContain(NO_ANSWER)
  })

  test('a portal answers a daemon: nothing is decided, and its writes go on until EC2 answers', async () => {
    const daemon = createDaemon(writeDaemonConfig({ interval: '1s' }))
    await daemon.start()
    tellMaster()
    await vi.waitFor(async () => expect((await instance()).counters.writesAccepted).toBe(2), 5000)
    interceptWith(() => {
      throw portal
    })
    await vi.waitFor(async () => expect((await instance()).decision?.condition).toBe('UNKNOWN'), 10_000)
    expect((await instance()).counters).toMatchObject({
      writesAccepted: 2,
      readsFailed: expect.toSatisfy((n) => n > 0),
    })
    tell('BACKUP')
    setTarget('private-a', { field: 'networkInterfaceId', id: eniOf('db-2') })
    tellMaster()
    await vi.waitFor(() => expect(writes().length).toBeGreaterThan(6), 10_000)
    expect((await instance()).counters.writesAccepted).toBe(2)
    interceptWith(() => {})
    await vi.waitFor(() => expect(targets()).toEqual(both(eniOf('db-1'))), 5000)
  }, 30_000)
})
